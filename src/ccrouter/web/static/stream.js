// @ts-check
// A stream of server-sent events, read with fetch: EventSource can't show a token. It takes up again where it was cut,
// asks less and less often while nobody answers, and says when what was heard last is old.

/** Without a pulse for so long the picture is old: the server sends one each second. */
export const OLD_MS = 2300;
/** Then the connection counts as dead: a cable that was pulled says nothing. */
const DEAD_MS = 6000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 4000;
const LARGEST = 4_000_000;

/**
 * @typedef {"connecting"|"live"|"old"|"refused"} State
 * @typedef {object} Told
 * @property {(event: string, data: any) => void} heard each event but the pulse
 * @property {(state: State, status: number, detail: string) => void} changed told at each change; status and detail
 *   of the answer where it was refused: such a stream does not try again by itself
 */

export class Stream {
  /**
   * @param {string} path
   * @param {string} token
   * @param {Told} told
   */
  constructor(path, token, told) {
    this.path = path;
    this.token = token;
    this.told = told;
    /** @type {State} */
    this.state = "connecting";
    this.lastId = "";
    /** The status of the last answer that was no stream; 0 where nobody answered. */
    this.status = 0;
    this.heardAt = performance.now();
    this.aliveAt = this.heardAt;
    /** @type {number[]} the server's clock less ours, of the last pulses */
    this.offsets = [];
    this.closed = false;
    /** @type {AbortController} */
    this.cut = new AbortController();
    /** @type {() => void} */
    this.hurry = () => {};
    this.watch = setInterval(() => this.#look(), 100);
    this.soon = () => {
      if (document.visibilityState === "visible") this.hurry();
    };
    addEventListener("online", this.soon);
    document.addEventListener("visibilitychange", this.soon);
    this.#run();
  }

  /** The server's time, in seconds since 1970; a wrong clock of this machine does no harm. NaN before the first pulse. */
  now() {
    return performance.now() / 1000 + Math.max(...this.offsets, this.offsets.length ? -Infinity : NaN);
  }

  /** The server's time when it was heard last; NaN before the first pulse. */
  heardLast() {
    return this.now() - this.silence();
  }

  /** Seconds since the last sign of life. */
  silence() {
    return (performance.now() - this.heardAt) / 1000;
  }

  close() {
    this.closed = true;
    clearInterval(this.watch);
    removeEventListener("online", this.soon);
    document.removeEventListener("visibilitychange", this.soon);
    this.cut.abort();
    this.hurry();
  }

  async #run() {
    let wait = FIRST_RETRY_MS;
    while (!this.closed) {
      this.cut = new AbortController();
      this.aliveAt = performance.now();
      const began = this.heardAt;
      try {
        await this.#read();
      } catch {
        // Refused, cut or aborted: all the same, it is tried again.
      }
      if (this.closed || this.state === "refused") return;
      wait = this.heardAt > began ? FIRST_RETRY_MS : Math.min(2 * wait, LONGEST_RETRY_MS);
      await new Promise((done) => {
        this.hurry = () => done(undefined);
        // All pages of a house lose their daemon at once; they shall not come back at once.
        setTimeout(done, wait * (0.5 + Math.random() / 2));
      });
    }
  }

  async #read() {
    /** @type {Record<string, string>} */
    const headers = { Authorization: `Bearer ${this.token}`, Accept: "text/event-stream" };
    if (this.lastId) headers["Last-Event-ID"] = this.lastId;
    const asked = fetch(this.path, { headers, signal: this.cut.signal, cache: "no-store" });
    const answer = await asked.finally(() => (this.status = 0));
    if (answer.status === 401 || answer.status === 403) {
      const told = await answer.json().catch(() => ({}));
      this.#change("refused", answer.status, told.detail || "");
      return;
    }
    if (!answer.ok || !answer.body) {
      this.status = answer.status;
      throw new Error(String(answer.status));
    }
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop() ?? "";
      if (rest.length > LARGEST) throw new Error("an event without end");
      for (const block of blocks) this.#take(block);
    }
  }

  /** @param {string} block */
  #take(block) {
    let name = "message";
    const data = [];
    for (const line of block.split("\n")) {
      const [, field, value] = /^([a-z]*): ?(.*)$/.exec(line) || [];
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id") this.lastId = value;
    }
    this.aliveAt = this.heardAt = performance.now();
    if (!data.length || this.closed) return;
    const told = JSON.parse(data.join("\n"));
    if (typeof told.at === "number" && name !== "happened") {
      // The greatest of the last ones travelled fastest.
      this.offsets = [...this.offsets.slice(-7), told.at - performance.now() / 1000];
    }
    this.#change("live", 200, "");
    if (name !== "pulse") this.told.heard(name, told);
  }

  #look() {
    const now = performance.now();
    if (now - this.heardAt > OLD_MS && this.state !== "refused") this.#change("old", 0, "");
    if (now - this.aliveAt > DEAD_MS) this.cut.abort();
  }

  /**
   * @param {State} state
   * @param {number} status
   * @param {string} detail
   */
  #change(state, status, detail) {
    if (state === this.state) return;
    this.state = state;
    this.told.changed(state, status, detail);
  }
}
