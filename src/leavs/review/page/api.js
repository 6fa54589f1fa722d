// Sends requests to the server, which answers in JSON; a refusal holds its reason in words.

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(`api/${path}`, options);
  } catch {
    throw new Error("the server does not answer; is leavs review still running?");
  }
  const value = await answer.json().catch(() => ({ error: `status ${answer.status}` }));
  if (!answer.ok) throw new Error(value.error);
  return value;
}

const post = (path, body) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

export const server = {
  session: () => ask("session"),
  queue: (filter) => ask(`queue?${new URLSearchParams(filter)}`),
  report: (place) => ask(`reports/${place}`),
  change: (place, organ, findingType, after) =>
    post("changes", { place, organ, finding_type: findingType, after }),
  accept: (place, accepted) => post("accepted", { place, accepted }),
  undo: () => post("undo", {}),
};
