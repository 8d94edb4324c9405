// @ts-check
// Switching a mode: which, why and until when; then what that changes now, and whether it is meant.

import { $, make, set, write } from "./draw.js";
import { ask } from "./session.js";
import { clock, say } from "./words.js";

/** @typedef {{name: string, on: boolean, declared: boolean}} Mode */

/** @typedef {{name: string, on: boolean, reason: string, for_s?: number, until?: string}} Order */

/** @type {Order|null} */
let order = null;

/** @param {string} name @returns {HTMLInputElement|null} the button of a group that is pressed */
const chosen = (name) => $("mode").querySelector(`input[name="${name}"]:checked`);

/** Have the dialog at hand. @param {() => Mode[]} modes those of now */
export function prepare(modes) {
  const [asks, sure] = [$("mode-ask"), $("mode-sure")];
  $("switch").addEventListener("click", () => open(modes()));
  $("mode-list").addEventListener("change", () => {
    $("mode-end").hidden = chosen("name")?.dataset.on === "true";
  });
  $("until").addEventListener("input", () => ($("mode").querySelector('input[value="at"]').checked = true));
  $("mode-end").addEventListener("input", () => wantTime(false));
  asks.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    if (lacksTime()) {
      wantTime(true);
      $("until").focus();
    } else confirm(read());
  });
  sure.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    send();
  });
  asks.querySelector('[value="close"]').addEventListener("click", () => $("mode").close());
  sure.querySelector('[value="back"]').addEventListener("click", back);
}

/** @param {Mode[]} modes */
function open(modes) {
  const known = modes.filter((mode) => mode.declared || mode.on);
  $("mode-list").replaceChildren(
    ...known.map((mode) => {
      const button = make("input", { type: "radio", name: "name", value: mode.name, required: "" });
      button.dataset.on = String(mode.on);
      return make("label", {}, button, make("b", {}, mode.name), make("span", {}, say(mode.on ? "mode.is-on" : "mode.is-off")));
    }),
    ...(known.length ? [] : [say("mode.none")]),
  );
  $("mode-ask").reset();
  const first = $("mode-list").querySelector("input");
  if (first) first.checked = true;
  $("mode-ask").querySelector(".main").disabled = !known.length;
  $("mode-end").hidden = !!known[0]?.on;
  wantTime(false);
  back();
  $("mode").showModal();
}

function back() {
  $("mode-ask").hidden = false;
  $("mode-sure").hidden = true;
  $("mode").setAttribute("aria-labelledby", "h-mode");
  chosen("name")?.focus();
}

/** An end was chosen without its time: that is no "until somebody switches it off". */
function lacksTime() {
  return !$("mode-end").hidden && chosen("end")?.value === "at" && !$("until").value;
}

/** @param {boolean} wanted */
function wantTime(wanted) {
  $("until-fault").hidden = !wanted;
  write($("until-fault"), wanted ? say("mode.at-missing") : "");
  set($("until"), "aria-invalid", wanted && "true");
}

/** @returns {Order} */
function read() {
  const mode = chosen("name");
  const end = chosen("end")?.value || "";
  const on = mode?.dataset.on !== "true";
  const until = end === "at" ? $("until").value : "";
  return {
    name: mode?.value || "",
    on,
    reason: $("reason").value.trim(),
    ...(on && until ? { until } : {}),
    ...(on && Number(end) ? { for_s: Number(end) } : {}),
  };
}

/** @param {Order} asked */
async function confirm(asked) {
  order = asked;
  const end = asked.until ? "mode.ends-at" : asked.for_s ? "mode.ends-in" : "mode.ends-open";
  const ends = asked.on ? say(end, { at: asked.until || "", left: say(`mode.${(asked.for_s || 0) / 60}`) }) : "";
  write($("h-sure"), say(asked.on ? "mode.sure-on" : "mode.sure-off", { mode: asked.name }));
  write($("sure-text"), say("mode.sure-text", { reason: asked.reason, end: ends }));
  write($("sure"), say(asked.on ? "mode.on" : "mode.off"));
  $("mode-fault").hidden = true;
  $("mode-ask").hidden = true;
  $("mode-sure").hidden = false;
  $("mode").setAttribute("aria-labelledby", "h-sure");
  $("h-sure").focus();
  $("sure").disabled = true;
  $("changes").replaceChildren(make("li", {}, say("mode.asking")));
  try {
    const told = await ask("GET", `/modes/${encodeURIComponent(asked.name)}/preview?on=${asked.on}`);
    if (order !== asked) return;
    $("changes").replaceChildren(...sentences(told).map((each) => make("li", {}, each)));
  } catch (error) {
    if (order !== asked) return;
    $("changes").replaceChildren();
    complain(error);
  }
  $("sure").disabled = false;
}

/** What a switch would change, in words. @param {any} told in the shape of ModePreview (web/foresight.py) */
function sentences(told) {
  const way = (/** @type {any} */ course) => course.destinations.join(", ");
  const at = (/** @type {number} */ instant) => clock(instant, told.zone, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  const change = (/** @type {any} */ each) =>
    say("change.way", { who: each.label || each.numbers.join(", "), to: way(each.after), from: way(each.before), rule: each.after.rule });
  return [
    ...told.changes.map((/** @type {any} */ each) => change(each) + (each.until ? ` ${say("change.until", { at: at(each.until) })}` : "")),
    ...told.waiting.map((/** @type {any} */ each) => say("change.waiting", { n: each.callers, queue: each.queue, to: way(each.after) })),
    ...told.later.map((/** @type {any} */ each) => `${say("change.later", { at: at(each.since) })} ${change(each)}`),
    told.changes.length ? say("change.same", { n: told.same }) : say("change.none"),
    ...(told.unexplored.length ? [say("change.unexplored", { numbers: told.unexplored.join(", ") })] : []),
  ];
}

async function send() {
  if (!order || $("sure").disabled) return;
  const { name, ...body } = order;
  $("sure").disabled = true;
  $("mode-fault").hidden = true;
  try {
    await ask("PUT", `/modes/${encodeURIComponent(name)}`, body);
    $("mode").close();
  } catch (error) {
    complain(error);
    $("sure").disabled = false;
  }
}

/** @param {any} error */
function complain(error) {
  $("mode-fault").hidden = false;
  write($("mode-fault"), error.status ? error.message : say("mode.no-answer"));
}
