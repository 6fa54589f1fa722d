// The words and marks for the codes, and the keys that set them.

export const CERTAINTIES = [
  { code: 1, name: "present", mark: "+", key: "1" },
  { code: 0, name: "stated absent", mark: "−", key: "0" },
  { code: -1, name: "unsure", mark: "?", key: "2" },
  { code: -2, name: "not mentioned", mark: "·", key: "4" },
  { code: -3, name: "ambiguous", mark: "~", key: "3" },
];
export const URGENCIES = [
  { code: 0, name: "no action", mark: "0", key: "n" },
  { code: 1, name: "low", mark: "1", key: "l" },
  { code: 2, name: "medium", mark: "2", key: "m" },
  { code: 3, name: "high", mark: "3", key: "h" },
];
export const KEYS = [
  ["arrow keys", "move in the grid"],
  ...CERTAINTIES.map((one) => [one.key, one.name]),
  ...URGENCIES.map((one) => [one.key, `urgency: ${one.name}`]),
  ["a", "accept the report, or take that back"],
  ["u", "undo the last change"],
  ["d", "definition of the chosen cell"],
  ["j", "next report"],
  ["k", "previous report"],
  ["?", "this list"],
];

const UNKNOWN = { name: "no label", mark: "✕" };
const NOTHING = { name: "nothing said yet", mark: "" };

export const hasUrgency = (certainty) => certainty === 1 || certainty === -1;

export function certaintyOf(codes, blind) {
  const nothing = blind ? NOTHING : UNKNOWN;
  return CERTAINTIES.find((one) => one.code === codes.certainty) ?? nothing;
}

export function urgencyOf(codes) {
  return URGENCIES.find((one) => one.code === codes.urgency && hasUrgency(codes.certainty));
}

// The codes of a cell: those of the reader, if there are any.
export const codesOf = (cell) => cell.corrected ?? cell;

// Functions from old to new codes; null for an urgency without a finding.
export const withCertainty = (certainty) => (codes) => ({ certainty, urgency: codes.urgency });
export const withUrgency = (urgency) => (codes) =>
  hasUrgency(codes.certainty) ? { certainty: codes.certainty, urgency } : null;

export function inWords(codes, blind) {
  const urgency = urgencyOf(codes);
  const name = certaintyOf(codes, blind).name;
  if (!hasUrgency(codes.certainty)) return name;
  return `${name}, ${urgency ? `urgency ${urgency.name}` : "no urgency"}`;
}

export const percent = (probability) => `${(100 * probability).toFixed(1)} %`;
