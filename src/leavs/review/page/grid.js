// Draws the grid of finding types and organs, and the chosen cell under it.

import { element, plain } from "./text.js";
import { CERTAINTIES, URGENCIES, certaintyOf, codesOf, hasUrgency, inWords, percent, urgencyOf, withCertainty, withUrgency } from "./words.js";

const cellId = (organ, findingType) => `cell-${organ}-${findingType}`.replaceAll(" ", "-");

function gridCell(session, report, organ, findingType, chosen) {
  const cell = report.organs[organ].cells[findingType];
  const codes = codesOf(cell);
  const urgency = urgencyOf(codes);
  const words = [inWords(codes, session.blind)];
  if (cell.corrected) words.push("changed");
  if (cell.closed) words.push("readers agree");
  if (cell.to_read) words.push("to read");
  const isChosen = organ === chosen.organ && findingType === chosen.findingType;
  const made = element(
    "td",
    {
      id: cellId(organ, findingType),
      role: "gridcell",
      tabIndex: isChosen ? 0 : -1,
      className: [
        `certainty-${codes.certainty ?? (session.blind ? "nothing" : "none")}`,
        cell.corrected ? "corrected" : "",
        cell.closed ? "closed" : "",
        cell.to_read ? "to-read" : "",
      ].join(" "),
      "aria-selected": String(isChosen),
      "aria-label": `${organ}, ${findingType}: ${words.join(", ")}`,
    },
    certaintyOf(codes, session.blind).mark,
  );
  if (urgency) made.append(element("sup", { className: `urgency-${urgency.code}` }, urgency.mark));
  made.dataset.organ = organ;
  made.dataset.findingType = findingType;
  return made;
}

export function drawGrid(table, session, report, chosen) {
  const head = element("tr", { role: "row" }, element("td", { role: "gridcell", "aria-label": "finding type" }));
  for (const organ of session.organs) {
    const name = element("th", { scope: "col", role: "columnheader" }, organ);
    if (organ === chosen.organ) name.className = "chosen";
    head.append(name);
  }
  const body = session.finding_types.map((findingType) =>
    element(
      "tr",
      { role: "row" },
      element("th", { scope: "row", role: "rowheader" }, findingType),
      ...session.organs.map((organ) => gridCell(session, report, organ, findingType, chosen)),
    ),
  );
  table.replaceChildren(
    element("thead", { role: "rowgroup" }, head),
    element("tbody", { role: "rowgroup" }, ...body),
  );
}

export function focusCell(chosen) {
  document.getElementById(cellId(chosen.organ, chosen.findingType))?.focus();
}

function choices(title, name, options, current, enabled, onChoose) {
  const set = element("fieldset", { disabled: !enabled }, element("legend", {}, title));
  for (const one of options) {
    const input = element("input", { type: "radio", name, checked: one.code === current });
    input.addEventListener("change", () => onChoose(one.code));
    set.append(element("label", {}, input, ` ${one.mark} ${one.name} `, element("kbd", {}, one.key)));
  }
  return set;
}

function said(cell, session) {
  const readers = Object.entries(cell.said ?? {});
  if (!readers.length) return [];
  const rows = readers.map(([who, codes]) => element("li", {}, `${who}: ${inWords(codes, session.blind)}`));
  return [element("h3", {}, "Readers"), element("ul", {}, ...rows)];
}

function reasons(shown, findingType) {
  const about = shown.reasoning.filter(
    ([what]) => !what.includes(":") || what.endsWith(`: ${findingType}`),
  );
  if (!about.length) return [];
  const thoughts = about.map(([what, text, answer]) =>
    element("details", {}, element("summary", {}, what), element("p", {}, ...plain(text)), element("p", {}, ...plain(`Answer: ${answer}`))),
  );
  return [element("h3", {}, "Reasoning"), ...thoughts];
}

// `change(edit)` is called with a function from old to new codes; null makes the cell read-only.
export function drawCell(panel, session, report, chosen, change) {
  const shown = report.organs[chosen.organ];
  const cell = shown.cells[chosen.findingType];
  const codes = codesOf(cell);
  const facts = [];
  if (cell.corrected && !session.blind) facts.push(`The label was: ${inWords(cell, false)}.`);
  if (cell.probability != null) facts.push(`Probability of the label: ${percent(cell.probability)}.`);
  if (cell.urgency_probability != null) facts.push(`Of its urgency: ${percent(cell.urgency_probability)}.`);
  if (cell.failure) facts.push(`Failed at ${cell.failure}.`);
  const sentences = shown.evidence.map((one) => element("li", {}, ...plain(one.text)));
  const open = Boolean(change) && !cell.closed;
  panel.replaceChildren(
    element("h3", {}, `${chosen.organ}: ${chosen.findingType}`),
    choices("Certainty", "certainty", CERTAINTIES, codes.certainty, open, (code) => change(withCertainty(code))),
    choices("Urgency", "urgency", URGENCIES, urgencyOf(codes)?.code, open && hasUrgency(codes.certainty), (code) =>
      change(withUrgency(code)),
    ),
    ...facts.map((fact) => element("p", {}, fact)),
    ...said(cell, session),
    ...(sentences.length ? [element("h3", {}, `Evidence for the ${chosen.organ}`), element("ul", {}, ...sentences)] : []),
    ...reasons(shown, chosen.findingType),
  );
}
