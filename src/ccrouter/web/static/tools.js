// @ts-check
// What both pages have at their edge: the language, the theme, and the dialog that asks for a token.

import { $, write } from "./draw.js";
import { dress, keep, theme } from "./session.js";
import { dictate, language, say, speak } from "./words.js";

/**
 * Have them do something.
 * @param {() => void} enter begins with the token of now
 * @param {() => void} draw draws everything anew, in the language of now
 */
export function prepareTools(enter, draw) {
  $("login").addEventListener("cancel", (/** @type {Event} */ event) => event.preventDefault());
  $("login").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    keep($("token").value.trim());
    $("token").value = "";
    enter();
  });
  $("leave").addEventListener("click", () => {
    keep("");
    enter();
  });
  $("language").addEventListener("click", () => {
    speak(language() === "en" ? "fr" : "en");
    draw();
  });
  $("theme").addEventListener("click", () => {
    dress(theme() === "" ? "light" : theme() === "light" ? "dark" : "");
    drawTools();
  });
  dress();
}

/** Write them, and all words that stand in the page, in the language of now. */
export function drawTools() {
  dictate();
  write($("language"), say("language.other"));
  $("language").lang = language() === "en" ? "fr" : "en";
  write($("theme"), say(`theme.${theme()}`));
}

/**
 * Ask for a token.
 * @param {string} why the one of before was no good; empty for none
 * @param {Node[]} more that follows it, such as a link
 */
export function askForToken(why, ...more) {
  $("login-fault").hidden = !why;
  $("login-fault").replaceChildren(why, ...more);
  if (!$("login").open) $("login").showModal();
}
