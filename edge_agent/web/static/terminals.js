// The forms of the terminals' pages: what was answered leads to the till, or to the same page as it is then.
import { post } from "./live.js";

document.body.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = document.querySelector("[data-error]");
  const form = event.target;
  try {
    const answer = await (await post(form.dataset.do, Object.fromEntries(new FormData(form)))).json();
    said.textContent = answer.error ?? "";
    if (answer.error) form.querySelector("[type=password], #code")?.select();
    else if (answer.to) location.assign(answer.to);
    else location.reload();
  } catch {
    said.textContent = document.body.dataset.away ?? "—";
  }
});
