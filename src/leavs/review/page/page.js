// The page: one report of a queue, its grid, and what the reader says of it.

import { server } from "./api.js";
import { drawDefinition } from "./definition.js";
import { drawCell, drawGrid, focusCell } from "./grid.js";
import { element, reportText } from "./text.js";
import { CERTAINTIES, KEYS, URGENCIES, codesOf, withCertainty, withUrgency } from "./words.js";

const at = (id) => document.getElementById(id);
const form = at("queue-form");
const state = { session: null, places: [], accepted: new Set(), number: 0, report: null, chosen: null };
let work = Promise.resolve();

// Runs tasks one after the other, in the order in which the reader started them.
function inTurn(task) {
  work = work.then(task).catch((error) => {
    at("message").textContent = error.message;
    at("message").className = "error";
  });
  return work;
}

function tell(text) {
  at("message").textContent = text;
  at("message").className = "";
}

function draw() {
  const { session, report, chosen, places, number } = state;
  const accepted = session.readonly ? "" : `, ${state.accepted.size} accepted`;
  at("position").textContent = places.length ? `${number + 1} of ${places.length}${accepted}` : "no reports";
  at("report").hidden = at("labels").hidden = !report;
  if (!report) return;
  at("report-id").textContent = report.id;
  at("note").textContent = report.note;
  at("text").replaceChildren(...(report.text === null ? [] : reportText(report, chosen.organ)));
  at("accept").setAttribute("aria-pressed", String(report.accepted));
  drawGrid(at("grid"), session, report, chosen);
  drawCell(at("cell"), session, report, chosen, session.readonly ? null : change);
  drawDefinition(at("meaning"), session, chosen);
}

async function load(number) {
  if (!state.places.length) {
    state.report = null;
    draw();
    return;
  }
  state.number = Math.max(0, Math.min(number, state.places.length - 1));
  state.report = await server.report(state.places[state.number]);
  if (state.session.adjudicates) chooseFirst((cell) => !cell.closed);
  else if (form.kind.value === "budget") chooseFirst((cell) => cell.to_read);
  draw();
  at("text").scrollTop = 0;
  showEvidence();
  focusCell(state.chosen);
}

function showEvidence() {
  const [text, mark] = [at("text"), at("text").querySelector("mark")];
  if (mark) text.scrollTop += mark.getBoundingClientRect().top - text.getBoundingClientRect().top - text.clientHeight / 3;
}

// Chooses the first cell of a kind: one on which readers differ, or one that is to be read.
function chooseFirst(isWanted) {
  for (const organ of state.session.organs)
    for (const findingType of state.session.finding_types)
      if (isWanted(state.report.organs[organ].cells[findingType])) {
        state.chosen = { organ, findingType };
        return;
      }
}

async function loadQueue() {
  for (const label of form.querySelectorAll("[data-for]")) label.hidden = label.dataset.for !== form.kind.value;
  const found = await server.queue(Object.fromEntries(new FormData(form)));
  state.places = found.places;
  state.accepted = new Set(found.accepted);
  tell("");
  await load(0);
}

function take(report) {
  state.report = report;
  if (report.accepted) state.accepted.add(report.place);
  else state.accepted.delete(report.place);
  draw();
}

// `edit` computes new codes of the chosen cell from its codes at the time when the task runs.
function change(edit) {
  const { place } = state.report;
  const { organ, findingType } = state.chosen;
  return inTurn(async () => {
    const report = state.report.place === place ? state.report : await server.report(place);
    const after = edit(codesOf(report.organs[organ].cells[findingType]));
    if (!after) {
      tell("an urgency needs a finding that is present or unsure");
      return;
    }
    const changed = await server.change(place, organ, findingType, after);
    if (state.report.place === place) take(changed);
    focusCell(state.chosen);
    tell("saved");
  });
}

function accept() {
  return inTurn(async () => {
    take(await server.accept(state.report.place, !state.report.accepted));
    tell(state.report.accepted ? "accepted" : "not accepted any more");
  });
}

function undo() {
  return inTurn(async () => {
    const { place } = await server.undo();
    if (place === null) {
      tell("there is nothing to undo");
      return;
    }
    const number = state.places.indexOf(place);
    if (number >= 0) state.number = number;
    take(await server.report(place));
    focusCell(state.chosen);
    tell("undone");
  });
}

function choose(organ, findingType) {
  const isOther = organ !== state.chosen.organ;
  state.chosen = { organ, findingType };
  draw();
  if (isOther) showEvidence();
  focusCell(state.chosen);
}

function move(down, right) {
  const { organs, finding_types: types } = state.session;
  const step = (names, name, by) => names[Math.max(0, Math.min(names.indexOf(name) + by, names.length - 1))];
  choose(step(organs, state.chosen.organ, right), step(types, state.chosen.findingType, down));
}

function setCode(key) {
  const certainty = CERTAINTIES.find((one) => one.key === key);
  const urgency = URGENCIES.find((one) => one.key === key);
  if (state.session.readonly || (!certainty && !urgency)) return false;
  change(certainty ? withCertainty(certainty.code) : withUrgency(urgency.code));
  return true;
}

const ACTIONS = {
  ArrowDown: () => move(1, 0),
  ArrowUp: () => move(-1, 0),
  ArrowRight: () => move(0, 1),
  ArrowLeft: () => move(0, -1),
  a: () => state.session.readonly || accept(),
  u: () => state.session.readonly || undo(),
  d: () => at("definition").toggleAttribute("open"),
  j: () => inTurn(() => load(state.number + 1)),
  k: () => inTurn(() => load(state.number - 1)),
  "?": () => at("keys").showModal(),
};

function onKey(event) {
  const typing = event.target.closest("input:not([type=radio]), select, textarea, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const scrolls = event.key.startsWith("Arrow") && !event.target.closest("#grid, body:not(:has(:focus))");
  if (scrolls) return;
  if (event.key === "?") ACTIONS["?"]();
  else if (!state.report) return;
  else if (ACTIONS[event.key]) ACTIONS[event.key]();
  else if (!setCode(event.key)) return;
  event.preventDefault();
}

function connect() {
  document.addEventListener("keydown", onKey);
  form.addEventListener("change", () => inTurn(loadQueue));
  form.addEventListener("submit", (event) => event.preventDefault());
  at("grid").addEventListener("click", (event) => {
    const cell = event.target.closest("[data-organ]");
    if (cell) choose(cell.dataset.organ, cell.dataset.findingType);
  });
  at("previous").addEventListener("click", ACTIONS.k);
  at("next").addEventListener("click", ACTIONS.j);
  at("accept").addEventListener("click", accept);
  at("undo").addEventListener("click", undo);
  at("help").addEventListener("click", ACTIONS["?"]);
  at("keys").querySelector("dl").append(
    ...KEYS.flatMap(([key, meaning]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, meaning)]),
  );
}

function introduce() {
  const { session } = state;
  const role = session.adjudicates ? "decides where readers differ" : session.blind ? "blind" : "";
  at("reader").textContent = session.readonly ? "read only" : `Reader: ${session.reader}${role ? ` (${role})` : ""}`;
  if (session.readonly) for (const id of ["queue-form", "accept", "undo"]) at(id).hidden = true;
  if (session.blind) for (const option of form.querySelectorAll(".sighted")) option.remove();
  if (!session.budget) for (const option of form.querySelectorAll(".budget")) option.remove();
  if (session.queue) form.kind.value = session.queue;
  for (const [select, names] of [[form.organ, session.organs], [form.finding_type, session.finding_types]])
    select.append(...names.map((name) => element("option", { value: name }, name)));
  state.chosen = { organ: session.organs[0], findingType: session.finding_types[0] };
}

inTurn(async () => {
  state.session = await server.session();
  introduce();
  connect();
  await loadQueue();
});
