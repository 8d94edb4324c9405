// @ts-check
// Who looks, and how they like it: the token, the theme, and questions to the API.

// Each page its own: a supervisor may have the wallboard open beside the page of a position.
const TOKEN = `ccrouter.token${location.pathname === "/" ? "" : location.pathname}`;
const THEME = "ccrouter.theme";

/** What a browser keeps for this page; one that keeps nothing (a private window) forgets it with the page. */
const kept = {
  /** @param {string} name */
  get(name) {
    try {
      return localStorage.getItem(name) || "";
    } catch {
      return "";
    }
  },
  /** @param {string} name @param {string} value */
  set(name, value) {
    try {
      if (value) localStorage.setItem(name, value);
      else localStorage.removeItem(name);
    } catch {
      // It counts for this page alone.
    }
  },
};
export { kept };

/**
 * Whether a token stood in the part of the address that is sent to servers (`?token=...`), and so may be in their logs. It is
 * taken out of the address, and not used.
 */
export const misplaced = takeOut();

function takeOut() {
  const asked = new URLSearchParams(location.search);
  if (!asked.has("token")) return false;
  asked.delete("token");
  const rest = asked.toString();
  history.replaceState(null, "", location.pathname + (rest && `?${rest}`) + location.hash);
  return true;
}

let shown = "";

/** The token of who looks; empty for none. One in the address (`#token=...`) is taken out of it, and kept. */
export function token() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) {
    keep(found.trim());
    history.replaceState(null, "", location.pathname + location.search);
  }
  return shown || kept.get(TOKEN);
}

/** @param {string} found empty to log out */
export function keep(found) {
  shown = found;
  kept.set(TOKEN, found);
}

/** An answer of the API that is no good; `message` is its sentence for people, `status` 0 where nobody answered. */
export class Refused extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * Ask the API, and return its JSON.
 * @param {string} method
 * @param {string} path below /api/v1
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      cache: "no-store",
      headers: { Authorization: `Bearer ${token()}`, ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
      signal: AbortSignal.timeout(10_000),
    });
  } catch {
    throw new Refused(0, "");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, told.detail || answer.statusText);
  return told;
}

/** @typedef {""|"light"|"dark"} Theme empty for what the machine prefers */

/** @returns {Theme} */
export function theme() {
  const found = kept.get(THEME);
  return found === "light" || found === "dark" ? found : "";
}

/** @param {Theme} [chosen] show this one from now on; without it the one that was chosen before */
export function dress(chosen) {
  if (chosen !== undefined) kept.set(THEME, chosen);
  document.documentElement.dataset.theme = theme();
}
