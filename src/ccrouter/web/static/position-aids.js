// @ts-check
// What helps when a call comes: a page that opens by itself, a ring, a word over other windows, the title of the tab.
// Each is off until the agent asks for it: a browser lets no page do these unasked.

import { $, make, write } from "./draw.js";
import { kept } from "./session.js";
import { say } from "./words.js";

const POP = "ccrouter.pop";
const POPPED = "ccrouter.popped";
const SOUND = "ccrouter.sound";
const NOTIFY = "ccrouter.notify";
const KEYS = "ccrouter.keys";

/** Longer than a click counts as leave to open a page, in any browser of today. */
const TRY_AFTER_MS = 6000;
const RING_EVERY_MS = 2000;

/** @typedef {{uniqueid: string, doing: string, links: {name: string, address: string}[]}} Call */

/** @type {AudioContext|null} */
let audio = null;
let ringing = 0;
let titles = 0;
let told = "";
/** @type {Notification|null} */
let note = null;

/** @param {string} address @returns {boolean} whether the browser let it be opened */
function open(address) {
  const page = window.open("about:blank", "_blank");
  if (!page) return false;
  page.opener = null; // whatever the page is: it can't lead this one elsewhere
  page.location.replace(address);
  return true;
}

// --- a page that opens by itself --------------------------------------------------------------------------------------

let offered = "";

/** Offer these pages for the choice of the one that opens by itself. @param {string[]} names */
export function offer(names) {
  const chosen = kept.get(POP);
  const options = [["", say("aid.pop-none")], ...names.map((name) => [name, name])];
  $("pop-row").hidden = !names.length;
  if (JSON.stringify(options) === offered) return;
  offered = JSON.stringify(options);
  $("pop").replaceChildren(...options.map(([value, text]) => make("option", { value }, text)));
  $("pop").value = names.includes(chosen) ? chosen : "";
}

/** @param {string} key */
function hint(key) {
  $("pop-hint").hidden = !key;
  write($("pop-hint"), key ? say(key) : "");
}

let trial = 0;

function choose() {
  clearTimeout(trial);
  kept.set(POP, $("pop").value);
  if (!$("pop").value) return hint("");
  hint("aid.pop-hint");
  trial = setTimeout(() => {
    const page = window.open("about:blank", "_blank");
    page?.close();
    hint(page ? "aid.pop-good" : "aid.pop-blocked");
  }, TRY_AFTER_MS);
}

/** Open the page that the agent chose, once for a call, whatever tabs show this position. @param {Call} call */
function pop(call) {
  const wanted = kept.get(POP);
  const link = wanted && call.links.find((each) => each.name === wanted);
  if (!link || kept.get(POPPED) === call.uniqueid) return;
  kept.set(POPPED, call.uniqueid);
  if (!open(link.address)) {
    hint("aid.pop-blocked");
    /** @type {HTMLDetailsElement} */ ($("pop").closest("details")).open = true;
  }
}

// --- a ring, a word, a title ------------------------------------------------------------------------------------------

function ring() {
  if (!audio) return;
  for (const [at, pitch] of [[0, 660], [0.25, 550]]) {
    const tone = audio.createOscillator();
    const loud = audio.createGain();
    const from = audio.currentTime + at;
    tone.frequency.value = pitch;
    loud.gain.setValueAtTime(0, from);
    loud.gain.linearRampToValueAtTime(0.25, from + 0.02);
    loud.gain.linearRampToValueAtTime(0, from + 0.22);
    tone.connect(loud).connect(audio.destination);
    tone.start(from);
    tone.stop(from + 0.25);
  }
}

async function hear() {
  kept.set(SOUND, $("sound").checked ? "on" : "");
  if (!$("sound").checked) return;
  audio ??= new AudioContext();
  await audio.resume();
  ring();
}

async function askLeave() {
  let leave = $("notify").checked && "Notification" in window ? Notification.permission : "denied";
  if (leave === "default") leave = await Notification.requestPermission();
  const refused = $("notify").checked && leave !== "granted";
  if (refused) $("notify").checked = false;
  $("notify-hint").hidden = !refused;
  write($("notify-hint"), refused ? say("aid.notify-no") : "");
  kept.set(NOTIFY, $("notify").checked ? "on" : "");
}

/** @param {string} caller @param {string} about */
function notify(caller, about) {
  if (!kept.get(NOTIFY) || !("Notification" in window) || Notification.permission !== "granted") return;
  note = new Notification(say("notify.title", { caller }), { body: about, tag: "ccrouter" });
  note.onclick = () => window.focus();
}

/**
 * Tell of the call of now; null for none.
 * @param {Call|null} call
 * @param {string} caller as it is shown
 * @param {string} about service and number
 * @param {string} title of the tab without a call
 */
export function call(call, caller, about, title) {
  const rings = call?.doing === "ringing" ? call.uniqueid : "";
  if (!rings) document.title = call ? `${caller} · ${title}` : title;
  if (call) pop(call);
  if (rings === told) return;
  told = rings;
  clearInterval(ringing);
  clearInterval(titles);
  note?.close();
  note = null;
  if (!rings) return;
  let turn = 0;
  const flash = () => (document.title = turn++ % 2 ? `● ${about}` : `☎ ${caller}`);
  flash();
  titles = setInterval(flash, 1000);
  if (kept.get(SOUND)) {
    ring();
    ringing = setInterval(ring, RING_EVERY_MS);
  }
  notify(caller, about);
}

// --- keys -------------------------------------------------------------------------------------------------------------

/** Have what the agent chose of late at hand. @param {Record<string, () => void>} keys what each key does */
export function prepare(keys) {
  $("pop").addEventListener("change", choose);
  $("sound").checked = !!kept.get(SOUND);
  $("sound").addEventListener("change", hear);
  $("notify").checked = !!kept.get(NOTIFY);
  $("notify").addEventListener("change", askLeave);
  $("keys").checked = kept.get(KEYS) !== "off";
  $("keys").addEventListener("change", () => kept.set(KEYS, $("keys").checked ? "" : "off"));
  // A browser lets a page sound after a click, whatever was clicked.
  addEventListener(
    "pointerdown",
    () => {
      if (!kept.get(SOUND)) return;
      audio ??= new AudioContext();
      audio.resume();
    },
    { once: true },
  );
  addEventListener("keydown", (event) => {
    const at = /** @type {HTMLElement} */ (event.target);
    if (!$("keys").checked || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (at.closest?.("input, select, textarea, dialog")) return;
    const act = keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
