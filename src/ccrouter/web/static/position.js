// @ts-check
// The agent's page: what the position does, the call that it has, its pauses and its queues.

import "./position-words.js";
import { $, icon, list, make, set, write } from "./draw.js";
import { call as tellCall, offer, prepare } from "./position-aids.js";
import { ask, misplaced, Refused, token } from "./session.js";
import { Stream } from "./stream.js";
import { askForToken, drawTools, prepareTools } from "./tools.js";
import { duration, language, say } from "./words.js";

const TRY_TOKEN_AGAIN_MS = 30_000;
const WRAP_UP = "wrap_up";

/** @type {any} the position, in the shape of PositionView (web/positions.py); null before the first */
let view = null;
/** @type {any} who looks: name, role, of */
let holder = null;
/** @type {Stream|null} */
let stream = null;
let interfaceShown = "";
/** The longest that this wrap-up was seen to have left: the whole of its bar. */
let wrapWhole = 0;
let busy = false;
let announcedState = "";

const asked = new URLSearchParams(location.search);

/** @param {string} [tail] @returns {string} path of this position in the API */
function path(tail = "") {
  const [technology, ...name] = interfaceShown.split("/");
  const pabx = asked.get("pabx");
  const where = `/positions/${encodeURIComponent(technology)}/${encodeURIComponent(name.join("/"))}${tail}`;
  return pabx ? `${where}?pabx=${encodeURIComponent(pabx)}` : where;
}

const own = () => holder?.role === "position";
const may = () => own() || ["switch", "administer"].includes(holder?.role);

/** @param {string} reason @returns {string} in the language of the page, where it is one of ours */
function named(reason) {
  const known = say(`reason.${reason}`);
  return known === `reason.${reason}` ? reason : known;
}

// --- drawing ----------------------------------------------------------------------------------------------------------

function draw() {
  if (!view) return;
  const { position, call } = view;
  const name = position.name && position.name !== position.interface ? position.name : holder?.name || "";
  write($("name"), own() ? holder.name : name);
  write($("interface"), position.interface);
  drawState(position);
  drawCall(call, position);
  drawPauses(position);
  drawQueues();
  offer(view.pages);
  tellState();
  tick();
}

/** @param {any} position */
function drawState(position) {
  const kind = position.state;
  set($("state"), "data-kind", kind);
  set($("state-icon").firstElementChild, "href", `#i-${kind}`);
  write($("state-word"), say(`state.${kind}`));
  write($("state-reason"), kind === "paused" && position.reason ? named(position.reason) : "");
  const pausing = position.paused && !["paused", "out"].includes(kind);
  const then = position.reason === WRAP_UP ? "hint.more" : "hint.pausing";
  const reason = position.reason ? named(position.reason) : "…";
  const hint = pausing ? say(then, { reason }) : ["out", "logged_out"].includes(kind) ? say(`hint.${kind}`) : "";
  $("state-hint").hidden = !hint;
  write($("state-hint"), hint);
  const told = [say(`state.${kind}`), $("state-reason").textContent].filter(Boolean).join(": ");
  if (kind !== "ringing" && told !== announcedState) announce(told);
  announcedState = told;
}

/** @param {any} call @param {any} position */
function drawCall(call, position) {
  $("call").hidden = !call;
  const who = call ? caller(call) : "";
  const about = call ? call.label || call.number || call.service : "";
  // Of an old picture nobody knows whether it still rings.
  const old = stream?.state === "old";
  const sure = old ? null : call;
  tellCall(sure, who, about, old ? say("old.title") : `${say(`state.${position.state}`)} · ccrouter`);
  write($("rings"), sure?.doing === "ringing" ? `${say("call.ringing")}: ${who}, ${about}` : "");
  if (!call) return;
  set($("call"), "data-doing", call.doing);
  write($("call-title"), say(`call.${call.doing}`));
  write($("caller"), who);
  set($("caller"), "data-none", !call.caller);
  fill("number", [call.label, call.number.replaceAll(" ", "\u00a0")].filter(Boolean).join(" · "));
  fill("service", call.service);
  fill("language", languageName(call.language));
  fill("why", [call.rule, call.reason].filter(Boolean).join(": "));
  list(
    $("pages"),
    call.links,
    (/** @type {any} */ each) => each.name,
    () => make("li", {}, make("a.button", { target: "_blank", rel: "noopener noreferrer" }, make("span"), icon("outside"))),
    (row, /** @type {any} */ each) => {
      set(row.firstChild, "href", each.address);
      write(row.firstChild.firstChild, say("pages.open", { name: each.name }));
    },
  );
}

/** @param {string} what @param {string} text an empty one takes its line away */
function fill(what, text) {
  write($(`call-${what}`), text);
  $(`call-${what}`).parentElement.hidden = !text;
}

/** @param {any} call */
function caller(call) {
  return call.caller || say(call.hidden ? "call.hidden" : own() ? "call.unknown" : "call.not-shown");
}

/** @param {string} code */
function languageName(code) {
  if (!code) return "";
  try {
    return new Intl.DisplayNames(language(), { type: "language" }).of(code.replace("_", "-")) || code;
  } catch {
    return code;
  }
}

/** @param {any} position */
function drawPauses(position) {
  const inQueue = position.queues.length > 0;
  const wraps = position.state === WRAP_UP;
  $("wrap").hidden = !wraps;
  $("more").hidden = !may() || position.paused;
  $("resume").hidden = !may() || !position.paused;
  write($("resume"), say(position.reason === WRAP_UP ? "wrap.done" : "pause.resume"));
  const offered = may() && inQueue ? view.pause_reasons : [];
  list(
    $("reasons"),
    offered.filter((/** @type {string} */ each) => !position.paused || each !== position.reason),
    (/** @type {string} */ each) => each,
    (/** @type {string} */ each) => {
      const button = make("button", { type: "button" }, icon("paused"), make("span"));
      button.addEventListener("click", () => order("/pause", { on: true, reason: each }));
      return button;
    },
    (row, /** @type {string} */ each) => write(row.lastChild, named(each)),
  );
}

function drawQueues() {
  $("no-queues").hidden = view.queues.length > 0;
  list(
    $("queues"),
    view.queues,
    (/** @type {any} */ each) => each.name,
    (/** @type {any} */ each) => {
      const button = make("button", { type: "button" });
      button.addEventListener("click", () => {
        const queue = view.queues.find((/** @type {any} */ found) => found.name === each.name);
        const reason = own() ? "" : say("by");
        order(`/queues/${encodeURIComponent(each.name)}`, { on: !queue?.on, reason });
      });
      return make("li", {}, make("p", {}, make("b"), make("small")), button);
    },
    (row, /** @type {any} */ each) => {
      const [text, button] = row.children;
      write(text.children[0], each.name);
      const on = each.on ? (each.paused ? "queue.paused" : "") : "queue.is-off";
      const waits = each.waiting ? say("queue.waiting", { n: each.waiting }) : say("queue.nobody");
      text.children[1].dataset.told = [on && say(on), each.fresh ? waits : say("queue.old")].filter(Boolean).join(" · ");
      set(text.children[1], "data-oldest", each.fresh && each.oldest_at !== null ? each.oldest_at : false);
      set(row, "data-on", each.on ? "yes" : "no");
      write(button, say(each.on ? "queue.out" : "queue.in"));
      set(button, "aria-label", say(each.on ? "queue.out-of" : "queue.in-to", { queue: each.name }));
      button.hidden = !may() || (!each.on && !each.allowed);
    },
  );
}

/** Write all that time alone changes. */
function tick() {
  if (!view || !stream || stream.state !== "live") return;
  const now = stream.now();
  if (Number.isNaN(now)) return;
  const { position, call } = view;
  const until = position.state === WRAP_UP ? position.wrap_up_until : null;
  const left = until === null ? 0 : Math.max(0, until - now);
  wrapWhole = until === null ? 0 : Math.max(wrapWhole, left);
  /** @type {any} */ ($("wrap-bar").firstElementChild).style.width = `${wrapWhole ? (100 * left) / wrapWhole : 0}%`;
  const since = position.since === null ? "" : duration(now - position.since);
  write($("state-time"), until === null ? since : duration(Math.ceil(left)));
  if (call) {
    const waited = call.waited_s ?? now - call.offered_at;
    const talks = call.doing === "talking" && call.since !== null ? say("call.talks", { time: duration(now - call.since) }) : "";
    write($("call-time"), [say("call.waited", { waited: duration(call.doing === "ringing" ? now - call.offered_at : waited) }), talks].filter(Boolean).join(" · "));
  }
  for (const node of document.querySelectorAll("#queues small")) {
    const { told, oldest } = /** @type {HTMLElement} */ (node).dataset;
    write(node, oldest ? `${told} · ${say("queue.longest", { time: duration(now - Number(oldest)) })}` : told || "");
  }
}

function drawAll() {
  drawTools();
  const [before, p, middle, w, between, o, after] = say("aid.keys", { p: "|p|", w: "|w|", o: "|o|" }).split("|");
  $("keys-text").replaceChildren(before, make("kbd", {}, p), middle, make("kbd", {}, w), between, make("kbd", {}, o), after);
  tellState();
  draw();
}

// --- how old the picture is -------------------------------------------------------------------------------------------

function tellState() {
  const state = stream?.state || "connecting";
  document.body.dataset.state = state;
  write($("live"), state === "live" ? say("live") : state === "connecting" ? say("connecting") : "");
  write($("rights"), holder && !own() && view ? say("looks", { name: holder.name }) : "");
  $("leave").hidden = !token();
  tellAge();
}

function tellAge() {
  const silent = view && !view.fresh;
  const old = stream?.state === "old";
  $("old").hidden = !old && !silent;
  if (old && stream) write($("old-text"), say(view ? "old.since" : "old.never", { ago: duration(stream.silence()) }));
  else if (silent) write($("old-text"), say("old.pabx", { pabx: view.position.pabx }));
}

/** @param {string} text told to who can't see it */
function announce(text) {
  write($("said"), text);
}

// --- orders -----------------------------------------------------------------------------------------------------------

/** @param {string} tail @param {object} body */
async function order(tail, body) {
  if (busy) return;
  busy = true;
  $("page").setAttribute("aria-busy", "true");
  complain("");
  try {
    take(await ask("PUT", path(tail), body));
  } catch (error) {
    complain(error instanceof Refused && error.status ? error.message : say("no-answer"));
  } finally {
    busy = false;
    $("page").removeAttribute("aria-busy");
  }
}

/** @param {string} text */
function complain(text) {
  $("fault").hidden = !text;
  write($("fault"), text);
}

const more = () => order("/pause", { on: true, reason: WRAP_UP });
const resume = () => order("/pause", { on: false, reason: own() ? "" : say("by") });

// --- the token, and whose position ------------------------------------------------------------------------------------

async function enter() {
  stream?.close();
  stream = null;
  view = null;
  holder = null;
  $("page").hidden = true;
  tellState();
  if (!token()) return login(misplaced ? say("token.address") : "");
  if (misplaced) complain(say("token.address"));
  try {
    holder = await ask("GET", "/me");
    if (holder.role === "site") return login(say("token.site", { of: holder.of }));
    interfaceShown = own() ? holder.of : asked.get("position") || "";
    if (!interfaceShown) return await choose("");
    take(await ask("GET", path()));
  } catch (error) {
    return failed(error);
  }
  follow();
}

function follow() {
  const after = path("/stream");
  stream = new Stream(`/api/v1${after}`, token(), { heard, changed: stateChanged });
  tellState();
}

/** @param {unknown} error */
function failed(error) {
  const status = error instanceof Refused ? error.status : 0;
  if (status === 401) return login(say("token.bad"));
  if (status === 403 || status === 429) return login(/** @type {Refused} */ (error).message);
  if (status === 400 || status === 404) return own() ? login(/** @type {Refused} */ (error).message) : choose(/** @type {Refused} */ (error).message);
  // Nobody answers: the stream says so, and tries again.
  if (interfaceShown) follow();
  else setTimeout(enter, 2000);
}

/** @param {string} why */
async function choose(why) {
  const known = await ask("GET", "/positions").catch(() => []);
  const options = known.map((/** @type {any} */ each) => {
    const value = new URLSearchParams({ position: each.interface, pabx: each.pabx }).toString();
    return make("option", { value }, `${each.name && each.name !== each.interface ? `${each.name} · ` : ""}${each.interface}`);
  });
  $("position").replaceChildren(...options);
  const told = why || (known.length ? "" : say("whose.none"));
  $("whose-fault").hidden = !told;
  write($("whose-fault"), told);
  if (!$("whose").open) $("whose").showModal();
}

/** @param {string} why */
function login(why) {
  view = null;
  $("page").hidden = true;
  askForToken(why);
  tellState();
}

// --- what the stream tells --------------------------------------------------------------------------------------------

/** @param {any} told */
function take(told) {
  view = told;
  $("page").hidden = false;
  for (const each of ["login", "whose"]) if ($(each).open) $(each).close();
  draw();
}

/** @param {string} event @param {any} told */
function heard(event, told) {
  if (event === "board") take(told);
  else if (event === "change" && view) take({ ...view, ...told });
}

/** @param {import("./stream.js").State} state @param {number} status @param {string} detail */
function stateChanged(state, status, detail) {
  if (state === "old") announce(say("said.old"));
  if (state === "live" && document.body.dataset.state === "old") announce(say("said.live"));
  tellState();
  draw();
  if (state !== "refused") return;
  login(status === 403 ? detail : say("token.bad"));
  // Once the file of tokens is mended, nobody should have to paste it again.
  setTimeout(() => {
    if ($("login").open && !$("token").value) enter();
  }, TRY_TOKEN_AGAIN_MS);
}

// --- the start --------------------------------------------------------------------------------------------------------

$("whose").addEventListener("cancel", (/** @type {Event} */ event) => event.preventDefault());
$("whose").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  if ($("position").value) location.search = $("position").value;
});
$("more").addEventListener("click", more);
$("resume").addEventListener("click", resume);
prepare({
  p: () => {
    if (!view || !may()) return;
    if (view.position.paused) resume();
    else /** @type {any} */ ($("reasons").firstElementChild)?.focus();
  },
  w: () => {
    if (view && may() && view.position.state === WRAP_UP && !view.position.paused) more();
  },
  o: () => /** @type {any} */ ($("pages").querySelector("a"))?.click(),
});
prepareTools(enter, drawAll);
drawAll();
setInterval(() => {
  tick();
  tellAge();
}, 250);
enter();
