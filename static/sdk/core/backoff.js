const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** How long to wait before the next attempt: doubling, and spread so that a crowd does not come back at once. */
export class Backoff {
  #failures = 0;
  #random;

  constructor(random = Math.random) {
    this.#random = random;
  }

  /** Milliseconds to wait now; each call waits longer, from the half to the whole of 1, 2, 4 … 30 s. */
  next() {
    const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures);
    this.#failures += 1;
    return Math.round(longest * (0.5 + this.#random() / 2));
  }

  reset() {
    this.#failures = 0;
  }
}
