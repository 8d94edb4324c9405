// @ts-check
// The wallboard: keeps the board that the stream tells, has its sections drawn, and tells when the picture is old.

import "./board-words.js";
import { $, count, icon, list, make, write } from "./draw.js";
import { drawDecisions, drawHour, drawPositions, drawServices, drawSites, judgeWaits } from "./sections.js";
import { ask, misplaced, token } from "./session.js";
import { Stream } from "./stream.js";
import { prepare } from "./switch.js";
import { askForToken, drawTools, prepareTools } from "./tools.js";
import { clock, duration, language, number, say } from "./words.js";

const DRAW_EVERY_MS = 150;
const TRY_TOKEN_AGAIN_MS = 30_000;
const MOST_ALERTS = 4;
const [SMALLEST, LARGEST] = [0.6, 1.5];
const FIT_EVERY_MS = 30_000;
const REFIT_EVERY_MS = 5000;
const FITTED = ["services", "positions", "sites", "alerts", "modes"];

/** @type {any} the board, in the shapes of web/board.py; null before the first */
let board = null;
/** @type {Stream|null} */
let stream = null;
/** @type {any} who looks: name, role, of */
let holder = null;
let drawnAt = 0;
let waiting = 0;
/** @type {Set<string>} */
const changed = new Set();

// --- drawing ----------------------------------------------------------------------------------------------------------

/** @type {Record<string, () => void>} by the section of the board that it is drawn from */
const drawing = {
  services: () => drawServices(board.services),
  positions: drawDesks,
  sites: () => drawSites(board.sites),
  decisions: () => drawDecisions(board.decisions, board.zone),
  hour: () => drawHour(board.hour, board.at, board.zone),
  modes: drawModes,
  overrides: drawModes,
  not_ready: drawAlerts,
  rules_problems: drawAlerts,
  degraded: drawAlerts,
  pabxs: () => {
    drawAlerts();
    drawDesks();
  },
};

function drawDesks() {
  drawPositions(
    board.positions,
    board.pabxs.every((/** @type {any} */ each) => each.fresh),
  );
}

/** Draw soon what changed: at once where nothing was drawn of late, however fast events come. */
function drawSoon() {
  if (waiting) return;
  waiting = setTimeout(() => {
    waiting = 0;
    drawnAt = performance.now();
    for (const draw of new Set([...changed].map((section) => drawing[section]))) draw?.();
    changed.clear();
    tick();
    fit();
  }, Math.max(0, drawnAt + DRAW_EVERY_MS - performance.now()));
}

function drawModes() {
  offerSwitch();
  const modes = board.modes.filter((/** @type {any} */ each) => each.on).map((/** @type {any} */ each) => ({ ...each, text: each.name }));
  const overrides = board.overrides
    .filter((/** @type {any} */ each) => each.active)
    .map((/** @type {any} */ each) => ({ ...each, name: each.id, text: say("override.to", { number: each.number, to: each.to.join(", ") }) }));
  list(
    $("modes"),
    [...modes, ...overrides],
    (each) => each.name,
    () => make("li", {}, icon("mode"), make("b"), make("span.reason"), make("span.left")),
    (row, each) => {
      write(row.children[1], each.text);
      write(row.children[2], each.reason);
      count(row.children[3], "until", each.until);
    },
  );
}

/** What is wrong, worst first. */
function alerts() {
  const told = board.not_ready.map((/** @type {string} */ why) => ["alarm", say("alert.not-ready"), why]);
  if (misplaced) told.push(["warn", say("token.address"), ""]);
  for (const each of board.degraded) {
    told.push(["warn", `${say("alert.degraded")}${each.pabx ? ` (${each.pabx})` : ""}`, `${each.why} · ${say("alert.calls", { calls: each.calls })}`]);
  }
  for (const each of board.rules_problems) told.push(["warn", say("alert.rules"), each]);
  for (const each of board.pabxs) {
    if (!each.fresh) told.push(["warn", say("alert.link", { pabx: each.name, link: say(`link.${each.link}`) }), ""]);
  }
  const more = told.length - MOST_ALERTS;
  return more > 0 ? [...told.slice(0, MOST_ALERTS), ["warn", say("alert.more", { n: more }), ""]] : told;
}

function drawAlerts() {
  list(
    $("alerts"),
    alerts(),
    (each) => each.join("|"),
    ([kind, what, why]) => make("div", { role: "alert", "data-kind": kind }, icon(kind), make("b", {}, what), make("span", {}, why)),
    () => {},
  );
}

/** Write all that time alone changes. */
function tick() {
  if (!board || !stream || stream.state !== "live") return;
  const now = stream.now();
  if (Number.isNaN(now)) return;
  write($("clock"), clock(now, board.zone));
  for (const node of document.querySelectorAll("[data-since]")) {
    write(node, duration(now - Number(/** @type {HTMLElement} */ (node).dataset.since)));
  }
  for (const node of document.querySelectorAll("[data-until]")) {
    write(node, say("until.left", { left: duration(Number(/** @type {HTMLElement} */ (node).dataset.until) - now) }));
  }
  judgeWaits(now);
}

/** Draw everything anew, in the language of now. */
function drawAll() {
  drawTools();
  tellState();
  if (!board) return;
  for (const draw of new Set(Object.values(drawing))) draw();
  tick();
  fit();
}

const fitted = { screen: "", things: "", at: 0, size: 0 };
let refit = 0;

/**
 * Find the largest size of type at which all of the board is on a wide screen. Where the screen stays as it is, that is done
 * at once only when something does not fit: sizes that change with every log-out would be no calm sight. Figures that grow
 * make it smaller, now and then, and never larger.
 */
function fit() {
  const screen = [innerWidth, innerHeight, language(), !$("old").hidden].join();
  const things = FITTED.map((id) => $(id).querySelectorAll("tr, li, [role=alert]").length).join();
  const late = performance.now() - fitted.at > FIT_EVERY_MS;
  if (screen === fitted.screen && things === fitted.things) {
    if (fitted.size === SMALLEST || fits()) return;
    const soon = fitted.at + REFIT_EVERY_MS - performance.now();
    if (soon > 0) {
      refit ||= setTimeout(() => {
        refit = 0;
        if (board) fit();
      }, soon);
      return;
    }
  } else if (screen === fitted.screen && !late && fits()) return;
  let [least, most] = [SMALLEST, LARGEST];
  Object.assign(fitted, { screen, things, at: performance.now(), size: most });
  if (fits(most)) return;
  for (let n = 0; n < 6; n++) {
    const middle = (least + most) / 2;
    if (fits(middle)) least = middle;
    else most = middle;
  }
  fitted.size = least;
  fits(least);
}

/** @param {number} [size] of the type; without one, that of now */
function fits(size) {
  const [root, table] = [document.documentElement, $("services")];
  if (size) root.style.setProperty("--fit", String(size));
  if (root.scrollHeight > innerHeight || table.scrollWidth > table.parentElement.clientWidth) return false;
  return [...table.querySelectorAll(".name")].every((name) => name.scrollWidth <= name.clientWidth);
}

// --- how old the picture is -------------------------------------------------------------------------------------------

function tellState() {
  const state = stream?.state || "connecting";
  document.body.dataset.state = state;
  write($("live"), state === "live" ? say("live") : state === "connecting" ? say("connecting") : "");
  write($("rights"), holder ? say(`rights.${holder.role}`, { name: holder.name }) : "");
  offerSwitch();
  $("leave").hidden = !token();
  $("old").hidden = state !== "old";
  tellAge();
}

function offerSwitch() {
  const some = board?.modes.some((/** @type {any} */ mode) => mode.declared || mode.on);
  $("switch").hidden = !some || !holder || !["switch", "administer"].includes(holder.role);
}

function tellAge() {
  if (!stream || stream.state !== "old") return;
  const at = board && clock(stream.heardLast(), board.zone, { timeStyle: "medium" });
  const why = say(stream.status ? "old.status" : "old.nobody", { status: String(stream.status) });
  write($("old-text"), at ? `${say("old.at", { at, ago: duration(stream.silence()) })} ${why}` : why);
}

/** @param {string} text told to who can't see it */
function announce(text) {
  write($("said"), text);
}

// --- the token --------------------------------------------------------------------------------------------------------

async function enter() {
  stream?.close();
  stream = null;
  holder = null;
  if (!token()) return login(misplaced ? say("token.address") : "");
  stream = new Stream("/api/v1/stream", token(), { heard, changed: stateChanged });
  tellState();
  await learnRights();
}

async function learnRights() {
  try {
    holder = await ask("GET", "/me");
  } catch {
    holder = null; // the stream tells why, and it is asked again when that is live
  }
  tellState();
}

/** @param {string} why @param {Node[]} more that follows it */
function login(why, ...more) {
  board = null;
  $("board").hidden = true;
  askForToken(why, ...more);
  tellState();
}

// --- what the stream tells --------------------------------------------------------------------------------------------

/** @param {string} event @param {any} told */
function heard(event, told) {
  if (event === "board") {
    if (board) tellSwitches(board.modes, told.modes);
    board = told;
    $("board").hidden = false;
    if ($("login").open) $("login").close();
    for (const section of Object.keys(drawing)) changed.add(section);
  } else if (event === "change" && board) {
    if (told.modes) tellSwitches(board.modes, told.modes);
    Object.assign(board, told);
    for (const section of Object.keys(told)) changed.add(section);
  } else return;
  drawSoon();
}

/** @param {any[]} before @param {any[]} after */
function tellSwitches(before, after) {
  const was = new Map(before.map((mode) => [mode.name, mode.on]));
  for (const mode of after) {
    if (was.get(mode.name) !== mode.on) announce(say(mode.on ? "said.on" : "said.off", { mode: mode.name }));
  }
}

/** @param {import("./stream.js").State} state @param {number} status @param {string} detail */
function stateChanged(state, status, detail) {
  if (state === "old") announce(say("said.old"));
  if (state === "live" && document.body.dataset.state === "old") announce(say("said.live"));
  tellState();
  if (state === "live" && !holder) learnRights();
  if (state === "refused") refused(status, detail);
}

/** @param {number} status @param {string} detail */
async function refused(status, detail) {
  if (status === 403) {
    await learnRights();
    const { role, of } = holder || {};
    if (role === "position") return login(say("token.position", { of }), make("a", { href: "/position" }, "/position"));
    return login(role === "site" ? say("token.site", { of }) : detail);
  }
  login(say("token.bad"));
  // A wall has nobody who pastes its token again, once the file of tokens is mended.
  setTimeout(() => {
    if ($("login").open && !$("token").value) enter();
  }, TRY_TOKEN_AGAIN_MS);
}

// --- the start --------------------------------------------------------------------------------------------------------

addEventListener("resize", () => board && fit());
prepare(() => board?.modes || []);
prepareTools(enter, drawAll);
drawAll();
setInterval(() => {
  tick();
  tellAge();
  if (board && board.at && stream?.state === "live") redrawHour();
}, 250);

let minute = 0;

/** The hour moves on with each minute, whether anybody calls or not. */
function redrawHour() {
  const now = stream?.now() || 0;
  if (Math.floor(now / 60) === minute) return;
  minute = Math.floor(now / 60);
  board.at = now;
  drawing.hour();
}

enter();
