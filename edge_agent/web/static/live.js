// What till, customer's side and bench have in common: parts of the page, sent anew by the agent when they change.
export const live = (changed = () => {}) => {
  const cut = document.querySelector("[data-cut]");
  const source = new EventSource(document.body.dataset.stream);
  for (const part of document.querySelectorAll("[data-part]")) {
    source.addEventListener(part.dataset.part, (event) => {
      part.innerHTML = event.data;
      changed(part.dataset.part);
    });
  }
  source.onopen = () => { if (cut) cut.hidden = true; };
  source.onerror = () => {
    if (cut) cut.hidden = false;
    if (source.readyState === EventSource.CLOSED) again(); // refused, not cut: a browser does not ask again by itself
  };
  return source;
};

// Whatever is shown here from now on, such as the pairing page after this terminal was unpaired.
const again = async () => {
  const answer = await fetch(location.href).catch(() => null);
  if (answer?.ok) location.reload();
  else setTimeout(again, 2000);
};

const ask = (address, fields) => {
  const headers = { "X-Token": document.body.dataset.token, "Content-Type": "application/x-www-form-urlencoded" };
  return fetch(address, { method: "POST", headers, body: new URLSearchParams(fields) });
};

// An agent that was started anew knows this page no more: the page lets itself be known again, and no key is lost.
const known = async () => {
  const page = await (await fetch(location.pathname)).text();
  document.body.dataset.token = /data-token="([0-9a-f]+)"/.exec(page)?.[1] ?? "";
};

export const post = async (address, fields) => {
  const answer = await ask(address, fields);
  if (answer.status !== 403) return answer;
  await known();
  return ask(address, fields);
};
