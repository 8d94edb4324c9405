// @ts-check
// The sections of the wallboard: each is drawn from its part of the board, whose shapes are in web/board.py.

import { $, count, drawn, icon, list, make, set, show, write } from "./draw.js";
import { clock, duration, number, percent, say } from "./words.js";

/** States of positions, in the order in which they are counted. */
const STATES = ["ready", "ringing", "talking", "wrap_up", "busy", "paused", "out"];

const COUNTS = ["offered", "inside", "outside", "refused", "abandoned"];

/** How densely so many things are set: 0 for few, up to 4. @param {number} n @param {number[]} steps */
const density = (n, steps) => steps.filter((step) => n > step).length;

/** The service level: answered in time of all offered, less short abandons; null without calls. @param {any} figures */
export function level(figures) {
  const calls = figures.offered - figures.short;
  return calls > 0 ? Math.min(1, figures.in_time / calls) : null;
}

/** @param {any[]} services */
export function drawServices(services) {
  const table = $("services");
  table.dataset.dense = density(services.length, [3, 5, 8, 12]);
  table.hidden = !services.length;
  $("no-services").hidden = !!services.length;
  list(table.tBodies[0], services, (each) => each.name, serviceRow, fillService);
}

function serviceRow() {
  const cell = (/** @type {string} */ tag, /** @type {Node[]} */ ...inside) => make(tag, { role: "cell" }, ...inside);
  const levels = () => {
    const mark = icon("low");
    return cell("td.level", mark, make("span.figure"), make("span.bar", { "aria-hidden": "true" }, make("i"), make("b")), make("span.sr"));
  };
  return make(
    "tr",
    { role: "row" },
    make("th", { scope: "row", role: "rowheader" }, make("span.name"), make("small")),
    cell("td.waiting"),
    cell("td.longest", icon("warn"), make("span.figure"), make("span.sr")),
    levels(),
    levels(),
    ...COUNTS.map((name) => {
      const made = cell("td.count");
      made.dataset.count = name;
      return made;
    }),
  );
}

/** @param {HTMLTableRowElement} row @param {any} service */
function fillService(row, service) {
  const [head, waiting, longest, now, today, ...counts] = row.cells;
  write(head.children[0], service.name);
  const labels = service.labels.filter((/** @type {string} */ each) => each.toLowerCase() !== service.name.toLowerCase());
  write(head.children[1], [aim(service), ...labels].filter(Boolean).join(" · "));
  write(waiting, number(service.waiting));
  set(waiting, "data-none", !service.waiting);
  waiting.dataset.label = say("waiting");
  longest.dataset.label = say("longest");
  const ticking = /** @type {HTMLElement} */ (longest.children[1]);
  count(ticking, "since", service.oldest_at);
  if (service.oldest_at === null) write(ticking, "–");
  set(longest, "data-none", service.oldest_at === null);
  longest.dataset.late = aims(service) ? String(service.within_s) : "";
  fillLevel(now, service, service.now, "level.now");
  fillLevel(today, service, service.today, "level.today");
  for (const cell of counts) {
    const value = service.today[/** @type {string} */ (cell.dataset.count)];
    write(cell, number(value));
    cell.dataset.label = say(/** @type {string} */ (cell.dataset.count));
    set(cell, "data-none", !value);
  }
}

/** Whether the routing file names a service level for it: without one nothing is too little, or too late. @param {any} service */
const aims = (service) => service.target !== null && service.within_s !== null;

/** @param {any} service */
function aim(service) {
  if (service.within_s === null) return "";
  if (!aims(service)) return say("level.no-aim", { within: number(service.within_s) });
  return say("level.aim", { target: percent(service.target), within: number(service.within_s) });
}

/** @param {HTMLElement} cell @param {any} service @param {any} figures @param {string} label */
function fillLevel(cell, service, figures, label) {
  const [mark, figure, bar, told] = /** @type {HTMLElement[]} */ ([...cell.children]);
  const reached = level(figures);
  const below = reached !== null && service.target !== null && reached < service.target;
  cell.dataset.label = say(label);
  write(figure, reached === null ? "–" : percent(reached));
  set(cell, "data-none", reached === null);
  set(cell, "data-below", below);
  set(cell, "data-unjudged", service.target === null);
  set(mark, "class", below ? "icon" : "icon none");
  const judged = service.target === null ? "" : below ? "level.below" : "level.reached";
  write(told, reached === null ? say("level.no-calls") : judged && say(judged));
  bar.hidden = service.target === null;
  /** @type {HTMLElement} */ (bar.children[0]).style.width = `${(reached || 0) * 100}%`;
  /** @type {HTMLElement} */ (bar.children[1]).style.left = `${(service.target || 0) * 100}%`;
}

/** Mark the waits that are longer than what is aimed at. @param {number} now */
export function judgeWaits(now) {
  for (const cell of $("services").querySelectorAll("td.longest")) {
    const since = cell.children[1].dataset.since;
    const late = since !== undefined && cell.dataset.late !== "" && now - Number(since) > Number(cell.dataset.late);
    set(cell, "data-over", late);
    write(cell.children[2], late ? say("longest.late") : "");
  }
}

/** @param {any[]} positions @param {boolean} known whether every PABX tells of its own */
export function drawPositions(positions, known) {
  const found = STATES.map((state) => ({ state, n: positions.filter((each) => each.state === state).length }));
  const present = positions.filter((each) => each.state !== "out");
  $("no-positions").hidden = !!positions.length;
  $("no-positions").dataset.say = known ? "positions.none" : "positions.unknown";
  write($("no-positions"), say($("no-positions").dataset.say));
  $("states").hidden = !positions.length;
  list(
    $("states"),
    found.filter(({ state, n }) => n || state === "ready"),
    ({ state }) => state,
    ({ state }) => make("li", { "data-state": state }, icon(state), make("b"), make("span")),
    (row, { state, n }) => {
      write(row.children[1], number(n));
      write(row.children[2], say(`states.${state}`, { n }));
      set(row, "data-none", !n);
    },
  );
  // Those who are not there are counted; where there is room they are named as well.
  const shown = present.length > 48 ? present : [...present, ...positions.filter((each) => each.state === "out")];
  shown.sort((a, b) => Number(a.state === "out") - Number(b.state === "out") || a.name.localeCompare(b.name, undefined, { numeric: true }));
  const tiles = $("positions");
  tiles.dataset.dense = density(shown.length, [24, 48]);
  list(
    tiles,
    shown,
    (each) => `${each.pabx} ${each.interface}`,
    () => make("li.tile", {}, icon("out"), make("span.name"), icon("paused"), make("span.word"), make("span.time"), make("span.sr")),
    fillTile,
  );
}

/** @param {HTMLElement} tile @param {any} position */
function fillTile(tile, position) {
  const [mark, name, pause, word, time, told] = /** @type {HTMLElement[]} */ ([...tile.children]);
  const asks = position.paused && position.state !== "paused" && position.state !== "out";
  set(tile, "data-state", position.state);
  set(tile, "data-asks", asks);
  set(tile, "title", `${position.interface} · ${position.queues.join(", ")}`);
  show(mark, position.state);
  write(name, position.name && position.name !== position.interface ? position.name : position.interface.replace(/^\w+\//, ""));
  write(word, (position.state === "paused" && position.reason) || say(`state.${position.state}`));
  count(time, "since", position.state === "out" ? null : position.since);
  set(pause, "class", asks ? "icon asks" : "icon none");
  write(told, asks ? say("state.asks-pause") : "");
}

/** @param {any[]} sites */
export function drawSites(sites) {
  $("sites").dataset.dense = density(sites.length, [10]);
  $("no-sites").hidden = !!sites.length;
  list(
    $("sites"),
    sites,
    (each) => each.name,
    () =>
      make(
        "li",
        {},
        icon("inside"),
        make("span.sr"),
        make("span.name"),
        make("span.bar", { "aria-hidden": "true" }, make("i")),
        make("span.calls", { "aria-hidden": "true" }),
        make("span.sr"),
        make("span.word"),
        make("span.cost"),
      ),
    fillSite,
  );
}

/** @param {any} site */
function siteWord(site) {
  if (site.health === "unknown" || (site.external && site.health !== "up")) return site.health;
  if (site.max_calls && site.calls >= site.max_calls) return "full";
  if (site.open === false) return "closed";
  if (site.health === "down") return "nobody";
  return site.open === null ? "up" : "open";
}

/** @param {HTMLElement} row @param {any} site */
function fillSite(row, site) {
  const [mark, kind, name, bar, calls, told, word, cost] = /** @type {HTMLElement[]} */ ([...row.children]);
  const state = siteWord(site);
  const limited = site.max_calls > 0;
  show(mark, site.external ? "outside" : "inside");
  write(kind, say(site.external ? "site.outside" : "site.inside"));
  write(name, site.name);
  set(row, "data-state", state);
  write(word, say(state));
  set(bar, "class", limited ? "bar" : "bar none");
  /** @type {HTMLElement} */ (bar.children[0]).style.width = limited ? `${Math.min(1, site.calls / site.max_calls) * 100}%` : "0";
  write(calls, limited ? `${number(site.calls)} / ${number(site.max_calls)}` : number(site.calls));
  write(told, say(limited ? "site.calls-of" : "site.calls", { n: site.calls, most: site.max_calls }));
  const spent = Object.entries(site.cost_today || {}).map(([currency, amount]) => money(Number(amount), currency));
  write(cost, spent.length ? `${spent.join(" + ")} ${say("today")}` : "");
}

/** @param {number} amount @param {string} currency */
function money(amount, currency) {
  try {
    return number(amount, { style: "currency", currency });
  } catch {
    return `${number(amount, { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${currency}`;
  }
}

/** @param {any[]} decisions @param {string} zone */
export function drawDecisions(decisions, zone) {
  $("no-decisions").hidden = !!decisions.length;
  $("decisions").parentElement.hidden = !decisions.length;
  list(
    $("decisions"),
    decisions,
    (each) => each.id,
    () => make("li", {}, make("time"), make("p", {}, make("b"), " → ", make("b"), icon("outside"), make("span.sr")), make("small")),
    (row, each) => {
      const [time, way, why] = row.children;
      write(time, clock(each.at, zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" }));
      write(way.children[0], each.label || each.service || each.number);
      write(way.children[1], each.destination);
      set(way.children[2], "class", each.outside ? "icon" : "icon none");
      write(way.children[3], each.outside ? say("decision.outside") : "");
      const waited = each.waited_s === null ? "" : say("decision.waited", { waited: duration(each.waited_s) });
      write(why, [say("decision.rule", { rule: each.rule }), waited, each.reason].filter(Boolean).join(" · "));
    },
  );
}

// --- the last hour: what was answered stands above the line, what was not hangs below it -----------------------------

const MINUTES = 60;
const PARTS = ["outside", "inside", "refused", "abandoned"];

/** @param {any[]} hour @param {number} now @param {string} zone */
export function drawHour(hour, now, zone) {
  const first = Math.floor(now / 60) - MINUTES + 1;
  const none = { inside: 0, outside: 0, refused: 0, abandoned: 0 };
  /** @type {Record<string, number>[]} */
  const bars = Array.from({ length: MINUTES }, () => none);
  for (const minute of hour) {
    const place = Math.floor(minute.at / 60) - first;
    if (place >= 0 && place < MINUTES) bars[place] = minute;
  }
  /** @type {Record<string, number>} */
  const sums = { ...none };
  for (const bar of bars) for (const part of PARTS) sums[part] += bar[part];
  list(
    $("legend"),
    ["inside", "outside", "refused", "abandoned"],
    (part) => part,
    (part) => make("li", { "data-part": part }, make("i", { "aria-hidden": "true" }), make("b"), make("span")),
    (row, part) => {
      write(row.children[1], number(sums[part]));
      write(row.children[2], say(`hour.${part}`));
    },
  );
  plot(bars, [first * 60, (first + MINUTES / 2) * 60, now].map((at) => clock(at, zone)));
}

/** @param {any[]} bars @param {string[]} times */
function plot(bars, times) {
  const figure = $("plot");
  if (!figure.firstChild) {
    const svg = drawn("svg", { viewBox: "0 0 600 100", preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.append(drawn("path", { class: "grid" }));
    for (const part of PARTS) svg.append(drawn("path", { "data-part": part }));
    svg.append(drawn("path", { class: "zero" }));
    figure.append(make("span.most"), svg, make("div.times", {}, make("span"), make("span"), make("span")));
  }
  const up = nice(Math.max(...bars.map((bar) => bar.inside + bar.outside)));
  const down = Math.max(...bars.map((bar) => bar.refused + bar.abandoned));
  const unit = 100 / (up + down);
  const zero = up * unit;
  const [most, svg, axis] = figure.children;
  const [grid, outside, inside, refused, abandoned, line] = svg.children;
  set(grid, "d", "M0 0H600");
  set(line, "d", `M0 ${zero}H600`);
  set(inside, "d", boxes(bars, (bar) => [zero - bar.inside * unit, bar.inside * unit]));
  set(outside, "d", boxes(bars, (bar) => [zero - (bar.inside + bar.outside) * unit, bar.outside * unit]));
  set(refused, "d", boxes(bars, (bar) => [zero, bar.refused * unit]));
  set(abandoned, "d", boxes(bars, (bar) => [zero + bar.refused * unit, bar.abandoned * unit]));
  write(most, number(up));
  times.forEach((time, place) => write(axis.children[place], time));
  const told = [...$("legend").children].map((each) => `${each.children[1].textContent} ${each.children[2].textContent}`);
  set(figure, "aria-label", `${say("hour")}: ${told.join(", ")}; ${say("hour.most", { n: up })}`);
}

/** @param {any[]} bars @param {(bar: any) => number[]} box top and height */
function boxes(bars, box) {
  return bars
    .map((bar, place) => [place, ...box(bar)])
    .filter(([, , height]) => height > 0)
    .map(([place, top, height]) => `M${place * 10 + 1} ${top.toFixed(2)}h8v${height.toFixed(2)}h-8z`)
    .join("");
}

/** The next round number from here. @param {number} most */
function nice(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return Math.max(4, [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= most) || most);
}
