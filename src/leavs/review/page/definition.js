// Draws the definition of the chosen cell: what belongs to the organ, what the finding type means.

import { element, plain } from "./text.js";

const lines = (texts) => texts.map((text) => element("p", {}, ...plain(text)));

const named = (title, definitions) =>
  Object.hasOwn(definitions, title) ? [element("h3", {}, title), ...lines(definitions[title])] : [];

export function drawDefinition(panel, session, chosen) {
  const { note, organs, finding_types: types, for_all: forAll } = session.definitions;
  panel.replaceChildren(
    ...(note ? [element("p", { className: "note" }, note)] : []),
    ...named(chosen.findingType, types),
    ...named(chosen.organ, organs),
    ...Object.keys(forAll).map((title) =>
      element("details", {}, element("summary", {}, title), ...lines(forAll[title])),
    ),
  );
}
