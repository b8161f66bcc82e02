/** What node 18 lacks of a browser's globals, and a clock that the test turns. Import it before the code under test. */

import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
globalThis.CustomEvent ??= class extends Event {
  constructor(type, { detail = null, ...options } = {}) {
    super(type, options);
    this.detail = detail;
  }
};

const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, now: Date.now };

/** Replaces setTimeout, clearTimeout and Date.now until `stop()`. `pass(ms)` runs what falls due, in its order. */
export class Clock {
  #now;
  #timers = new Map(); // id → {at, work}
  #ids = 0;

  constructor(now = 1_000_000) {
    this.#now = now;
    globalThis.setTimeout = (work, delay = 0) => this.#add(work, delay);
    globalThis.clearTimeout = (id) => this.#timers.delete(id);
    Date.now = () => this.#now;
  }

  pass(ms) {
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      const [id, { at, work }] = next;
      this.#timers.delete(id);
      this.#now = at;
      work();
    }
    this.#now = end;
  }

  stop() {
    globalThis.setTimeout = real.setTimeout;
    globalThis.clearTimeout = real.clearTimeout;
    Date.now = real.now;
  }

  #add(work, delay) {
    this.#ids += 1;
    this.#timers.set(this.#ids, { at: this.#now + delay, work });
    return this.#ids;
  }

  #next(end) {
    const due = [...this.#timers].filter(([, { at }]) => at <= end);
    return due.sort(([, one], [, other]) => one.at - other.at)[0];
  }
}
