// @ts-check
// The words of the pages, in English and in French, and how numbers and times read in each.

import { kept } from "./session.js";

/** @typedef {"en"|"fr"} Language */

const LANGUAGE = "ccrouter.language";

/** @type {Record<Language, Record<string, string>>} */
const words = { en: {}, fr: {} };

/** @type {Language} */
let spoken = pick();

function pick() {
  const chosen = kept.get(LANGUAGE);
  if (chosen === "en" || chosen === "fr") return chosen;
  const found = (navigator.languages || [navigator.language]).map((each) => each.slice(0, 2).toLowerCase());
  return /** @type {Language} */ (found.find((each) => each === "en" || each === "fr") || "en");
}

/** Add the words of a page. @param {Record<Language, Record<string, string>>} more */
export function learn(more) {
  Object.assign(words.en, more.en);
  Object.assign(words.fr, more.fr);
}

/** @returns {Language} */
export function language() {
  return spoken;
}

/** Speak this language from now on. @param {Language} chosen */
export function speak(chosen) {
  kept.set(LANGUAGE, chosen);
  spoken = chosen;
  dictate();
}

/**
 * A text, with what stands in braces put in. Where `n` is given and there is a text KEY.one, that is taken for 1 (in
 * French for 0 as well).
 * @param {string} key
 * @param {Record<string, string|number>} [values]
 */
export function say(key, values = {}) {
  const known = words[spoken];
  const one = "n" in values && new Intl.PluralRules(spoken).select(Number(values.n)) === "one";
  const text = (one && known[`${key}.one`]) || known[key] || key;
  return text.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : String(value);
  });
}

/** Put the words into all that has data-say (its text) or data-say-label (its aria-label). */
export function dictate(root = /** @type {ParentNode} */ (document)) {
  document.documentElement.lang = spoken;
  for (const each of root.querySelectorAll("[data-say]")) {
    each.textContent = say(/** @type {HTMLElement} */ (each).dataset.say || "");
  }
  for (const each of root.querySelectorAll("[data-say-label]")) {
    each.setAttribute("aria-label", say(/** @type {HTMLElement} */ (each).dataset.sayLabel || ""));
  }
}

/** @param {number} value @param {Intl.NumberFormatOptions} [how] */
export function number(value, how) {
  return new Intl.NumberFormat(spoken, how).format(value);
}

/** A share as whole per cent, rounded down: 79.9 % is not the 80 % that were promised. @param {number} share */
export function percent(share) {
  return number(Math.floor(share * 100 + 1e-9) / 100, { style: "percent" });
}

/** Minutes and seconds, `2:05`; from an hour on `1:02:05`. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`;
}

/**
 * The clock of a time zone.
 * @param {number} at seconds since 1970
 * @param {string} zone
 * @param {Intl.DateTimeFormatOptions} [how]
 */
export function clock(at, zone, how = { hour: "2-digit", minute: "2-digit" }) {
  // en-GB: a day of 24 hours in both languages.
  return new Intl.DateTimeFormat(spoken === "en" ? "en-GB" : spoken, { ...how, timeZone: zone }).format(at * 1000);
}
