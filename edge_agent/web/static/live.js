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
  source.onerror = () => { if (cut) cut.hidden = false; };
  return source;
};

export const post = async (address, fields) => {
  const headers = { "X-Token": document.body.dataset.token, "Content-Type": "application/x-www-form-urlencoded" };
  const answer = await fetch(address, { method: "POST", headers, body: new URLSearchParams(fields) });
  if (answer.status === 403) location.reload(); // the agent was started anew and knows this page no more
  return answer;
};
