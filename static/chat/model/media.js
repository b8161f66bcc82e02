const KEPT_MS = 5 * 60_000; // addresses expire; the server gives them for longer than this

/** Addresses of stored files by media_id, asked once and kept for a while. */
export class Media {
  #ask;
  #addresses = new Map(); // media_id → {promise, at}

  constructor(ask) {
    this.#ask = ask;
  }

  /** Resolves to a URL. `anew` asks again although one is known, because that one failed. */
  address(mediaId, { anew = false } = {}) {
    const known = this.#addresses.get(mediaId);
    if (known && !anew && Date.now() - known.at < KEPT_MS) return known.promise;
    const promise = this.#ask("get_resource", { media_id: mediaId }).then((answer) => answer.url);
    this.#addresses.set(mediaId, { promise, at: Date.now() });
    promise.catch(() => this.#addresses.delete(mediaId));
    return promise;
  }
}
