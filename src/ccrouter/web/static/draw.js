// @ts-check
// Small means to draw with: elements, texts that change only where they differ, lists that keep their rows.

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} id @returns {any} the element, which the page has */
export const $ = (id) => document.getElementById(id);

/**
 * Make an element.
 * @param {string} tag with a class after a dot: `td.count`
 * @param {Record<string, string>} [attributes]
 * @param {(Node|string)[]} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const made = document.createElement(name);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** @param {string} tag @param {Record<string, string|number>} attributes */
export function drawn(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/** An icon of the page; `show` changes it. @param {string} name */
export function icon(name) {
  const made = drawn("svg", { class: "icon", "aria-hidden": "true" });
  made.append(drawn("use", { href: `#i-${name}` }));
  return made;
}

/** @param {Element} svg @param {string} name */
export function show(svg, name) {
  set(/** @type {Element} */ (svg.firstChild), "href", `#i-${name}`);
}

/** @param {Element} node @param {string|number} value */
export function write(node, value) {
  const text = String(value);
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Element} node @param {string} name @param {string|number|boolean} value false takes it away */
export function set(node, name, value) {
  if (value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

/**
 * Have a text count: up from an instant, or down to it; null for no text. `tick` keeps it up.
 * @param {HTMLElement} node
 * @param {"since"|"until"} way
 * @param {number|null} at
 */
export function count(node, way, at) {
  if (at !== null) node.dataset[way] = String(at);
  else if (node.dataset[way] !== undefined) {
    delete node.dataset[way];
    write(node, "");
  }
}

/** @type {WeakMap<Element, Map<string, HTMLElement>>} */
const rows = new WeakMap();

/**
 * Have the children of an element be these items, in this order; a row lives as long as its item.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} create
 * @param {(row: any, item: T) => void} update
 */
export function list(parent, items, key, create, update) {
  const before = rows.get(parent) || new Map();
  const after = new Map();
  const wanted = new Set(items.map(key));
  for (const [name, row] of before) if (!wanted.has(name)) row.remove();
  /** @type {Element|null} */
  let next = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    if (after.has(name)) continue;
    const row = before.get(name) || create(item);
    after.set(name, row);
    update(row, item);
    if (next && row === next) next = next.nextElementSibling;
    else parent.insertBefore(row, next);
  }
  rows.set(parent, after);
}
