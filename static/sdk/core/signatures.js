import { Lost, Refusal } from "./errors.js";

const FRESH_FOR_MS = 8 * 60_000; // the server accepts them for 10 minutes
const ANSWER_WITHIN_MS = 10_000;
const NO_SUCH_APPLICATION = 880101;

/** The signature of the shell, and a new one from the server when that has grown old. */
export class Signatures {
  #url;
  #current;
  #takenAt = Date.now();

  /** `first` is what came with the page: {appkey, timestamp, random_str, signature}. */
  constructor(url, first) {
    this.#url = url;
    this.#current = first;
  }

  async current() {
    const fresh = Date.now() - this.#takenAt < FRESH_FOR_MS;
    return fresh ? pick(this.#current) : this.renew();
  }

  /** Rejects with Lost when the server cannot be reached, with Refusal when it has no such page any more. */
  async renew() {
    const response = await this.#fetch();
    if (response.status === 403 || response.status === 404) throw new Refusal(NO_SUCH_APPLICATION);
    if (!response.ok) throw new Lost(`status ${response.status}`);
    this.#current = await response.json();
    this.#takenAt = Date.now();
    return pick(this.#current);
  }

  async #fetch() {
    try {
      return await fetch(this.#url, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    } catch {
      throw new Lost("no signature");
    }
  }
}

function pick({ appkey, timestamp, random_str, signature }) {
  return { appkey, timestamp, random_str, signature };
}
