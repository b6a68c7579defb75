// The customer's side only listens; the bench also plays devices.
import { live, post } from "./live.js";

const play = async (fields) => {
  const answer = await post(document.body.dataset.do, fields);
  const said = await answer.json();
  document.querySelector("[data-error]").textContent = said.error ?? "";
};

live();
document.body.addEventListener("click", (event) => {
  const button = event.target.closest("[data-send]");
  if (button) play(JSON.parse(button.dataset.send));
});
const send = (event) => {
  const form = event.target.closest("[data-form]");
  if (!form) return;
  event.preventDefault();
  play(Object.fromEntries(new FormData(form)));
};
document.body.addEventListener("submit", send);
document.body.addEventListener("change", (event) => { if (event.target.closest("[data-slide]")) send(event); });
