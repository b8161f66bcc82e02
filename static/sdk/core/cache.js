const DATABASE = "imsite";
const STORE = "accounts";
const OPEN_WITHIN_MS = 1_000;
const SAVE_AFTER_MS = 500;

/** A request of IndexedDB as a promise. */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("blocked"));
  });
}

function openDatabase() {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return done(request);
}

function within(ms, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("too slow")), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * One account's record in the browser's database. Where there is none, as in a private window, nothing is remembered
 * and nothing breaks: no method rejects.
 */
export class Cache {
  #key;
  #database = null;
  #timer = null;
  #value = null;

  constructor(appkey, username) {
    this.#key = `${appkey}/${username}`;
  }

  /** The record as it was saved last, or null. */
  async load() {
    try {
      this.#database = await within(OPEN_WITHIN_MS, openDatabase());
      return (await within(OPEN_WITHIN_MS, done(this.#store("readonly").get(this.#key)))) ?? null;
    } catch {
      return null; // forbidden, broken or busy: the server has it all
    }
  }

  /** Keep what `value()` then gives, a little later, so that a burst is written once. */
  save(value) {
    this.#value = value;
    this.#timer ??= setTimeout(() => this.flush(), SAVE_AFTER_MS);
  }

  /** Write now what waits. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    const value = this.#value;
    this.#value = null;
    if (!value || !this.#database) return;
    try {
      this.#store("readwrite").put(value(), this.#key);
    } catch {
      this.#database = null; // closed by the browser
    }
  }

  close() {
    this.flush();
    this.#database?.close();
    this.#database = null;
  }

  #store(mode) {
    return this.#database.transaction(STORE, mode).objectStore(STORE);
  }
}
