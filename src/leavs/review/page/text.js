// Builds the elements of a report: its text is set only as text, so that none of it is markup.

// Characters that are invisible or change the direction of text are shown by their number.
const ODD = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made && !key.startsWith("aria")) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

function* visible(text) {
  let end = 0;
  for (const match of text.matchAll(ODD)) {
    if (match[0] === "\r") continue;
    yield text.slice(end, match.index);
    const number = match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    yield element("span", { className: "odd" }, `U+${number}`);
    end = match.index + match[0].length;
  }
  yield text.slice(end);
}

export const plain = (text) => [...visible(text)];

// Offsets count characters, while JavaScript strings are indexed by UTF-16 units.
function slicer(text) {
  if (!/[\ud800-\udfff]/.test(text)) return (start, end) => text.slice(start, end);
  const characters = Array.from(text);
  return (start, end) => characters.slice(start, end).join("");
}

// Splits the text into elements: evidence marked, headings strong, the rest dimmed beside evidence.
export function reportText(report, organ) {
  const slice = slicer(report.text);
  const evidence = organ ? report.organs[organ].evidence.filter((one) => one.start >= 0) : [];
  const spans = [
    ...evidence.map((one) => ({ start: one.start, end: one.end, kind: "mark" })),
    ...report.headings.map(([start, end]) => ({ start, end, kind: "strong" })),
  ].sort((one, other) => one.start - other.start || other.end - one.end);
  const rest = evidence.length ? "dimmed" : "";
  const pieces = [];
  let end = 0;
  for (const span of spans) {
    if (span.start < end) continue;
    pieces.push(element("span", { className: rest }, ...plain(slice(end, span.start))));
    pieces.push(element(span.kind, {}, ...plain(slice(span.start, span.end))));
    end = span.end;
  }
  pieces.push(element("span", { className: rest }, ...plain(slice(end))));
  return pieces;
}
