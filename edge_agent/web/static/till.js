// Keys go to the command line or to the agent, sounds are made, the newest line is kept in view. What is asked, what is
// shown and what is sold the agent holds: two tabs show the same, and nothing depends on where the focus is.
import { live, post } from "./live.js";

const entry = document.querySelector("#entry");
const cut = document.querySelector("[data-cut]");
const pad = document.querySelector("#pad");
const state = () => document.querySelector("[data-state]").dataset;
const waiting = [];
let newest = document.querySelector("[data-last]")?.dataset.last;
let sounded = state().sounds;
let arrived = () => {};
let busy = false;

// Two short tones up: taken. Two low ones: refused. Three up: paid. Made here, so no file has to load.
const TONES = { accepted: [[1320, 0, 0.06]], refused: [[220, 0, 0.16], [180, 0.2, 0.24]], paid: [[880, 0, 0.08], [1175, 0.1, 0.08], [1568, 0.2, 0.14]] };
// A kiosk's browser lets it sound at once; others stay silent until the page was touched once.
const audio = new AudioContext();
const play = (name) => {
  document.body.dataset.heard = name;
  for (const [pitch, at, length] of TONES[name] ?? []) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.type = name === "refused" ? "square" : "sine";
    tone.frequency.value = pitch;
    volume.gain.value = name === "refused" ? 0.12 : 0.2;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + length);
  }
};
const sound = (name) => {
  document.body.dataset.sounded = name;
  if (audio.state === "running") return play(name);
  if (navigator.userActivation.hasBeenActive) audio.resume();
  const since = performance.now(); // it may be starting still; what would come later says nothing
  audio.addEventListener("statechange", () => { if (performance.now() - since < 500) play(name); }, { once: true });
};

const look = () => {
  const last = document.querySelector("[data-last]");
  (document.querySelector(".chosen") ?? last)?.scrollIntoView({ block: "nearest" });
  document.querySelector(".option.marked")?.scrollIntoView({ block: "nearest" });
  if (last && last.dataset.last !== newest && newest !== undefined) last.classList.add("new");
  newest = last?.dataset.last ?? "";
};

const followed = (part) => {
  look();
  if (part !== "state") return;
  const now = state();
  entry.type = now.kind === "secret" ? "password" : "text";
  if (now.sounds !== sounded) sound(now.sound);
  sounded = now.sounds;
  arrived();
};

// A press waits until the page shows what the one before has led to: what is sent is what was seen.
const shows = (count) => new Promise((done) => {
  const ends = setTimeout(done, 2000);
  arrived = () => { if (Number(state().count) >= count) { clearTimeout(ends); done(); } };
  arrived();
});

const send = async () => {
  if (busy) return;
  busy = true;
  while (waiting.length) {
    const { kind, value, text } = waiting[0];
    const { turn, basket, steps } = state();
    try {
      const answer = await post(document.body.dataset.press, { kind, value, text, turn, basket, steps });
      if (!answer.ok) throw new Error(String(answer.status));
      waiting.shift();
      await shows((await answer.json()).count);
    } catch {
      cut.hidden = false;
      const lost = waiting.splice(0).filter((one) => one.kind === "enter").map((one) => one.text);
      if (!entry.value && lost.length) entry.value = lost[0]; // typed while the agent was away: there to send again
    }
  }
  busy = false;
};

const press = (kind, value = "", text = "") => { waiting.push({ kind, value, text }); send(); };
const key = (name) => { const text = entry.value; entry.value = ""; press("key", name, text); };
const enter = () => { const text = entry.value; entry.value = ""; press("enter", "", text); };
const named = (event) => (event.code === "NumpadAdd" ? "+" : event.key);

// What is longer than its place turns by the page: what is asked, else the basket.
const turn = (by) => {
  const box = document.querySelector(".ask") ?? document.querySelector(".till-list");
  box?.scrollBy({ top: by * 0.8 * box.clientHeight });
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const name = named(event);
  const ours = state().keys.split(" ").includes(name) || ["Escape", "ArrowUp", "ArrowDown"].includes(name);
  if (name === "Escape" && entry.value) { event.preventDefault(); entry.value = ""; return; }
  if (ours && !(name === "Delete" && entry.value)) { event.preventDefault(); key(name); return; }
  if (/^F\d+$/.test(name)) { event.preventDefault(); return; }
  if (name === "PageDown" || name === "PageUp") { event.preventDefault(); turn(name === "PageDown" ? 1 : -1); return; }
  const other = document.activeElement;
  if (name === "Enter" && !other?.closest("button, a")) { event.preventDefault(); enter(); return; }
  // Whatever has the focus, what is typed goes to the command line.
  if (name.length === 1 && other !== entry && !(name === " " && other?.closest("button, a"))) entry.focus();
  if (name === "Backspace" && other !== entry) entry.focus();
});

document.querySelector("[data-entry]").addEventListener("submit", (event) => { event.preventDefault(); enter(); });
document.body.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { key: name, choose, type } = button.dataset;
  if (choose !== undefined) press("choose", choose);
  else if (name) key(name);
  else if (type === "Enter") enter();
  else if (type === "Backspace") entry.value = entry.value.slice(0, -1);
  else if (type) entry.value += type;
  else if (button.matches("[data-pad]")) { pad.hidden = !pad.hidden; button.setAttribute("aria-expanded", String(!pad.hidden)); }
  entry.focus({ preventScroll: true });
});

look();
entry.type = state().kind === "secret" ? "password" : "text";
live(followed);
