// The key card's two buttons: the browser's own printer, and the till's.
import { post } from "./live.js";

document.querySelector("[data-print]").addEventListener("click", () => window.print());
document.querySelector("[data-slip]").addEventListener("click", async () => {
  const said = document.querySelector("[data-said]");
  said.textContent = "";
  said.textContent = (await (await post(document.body.dataset.do, { language: document.documentElement.lang })).json()).said;
});
