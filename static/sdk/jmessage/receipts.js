const SEND_AFTER_MS = 2_000;
const SOON_MS = 50;
const MANY = 50; // waiting ids that are not kept for the rest of the two seconds

/** Receipts are collected, and sent together, one request a conversation. */
export class Receipts {
  #ask;
  #waiting = new Map(); // key → {session, ids, calls}
  #timer = null;
  #isSoon = false;

  /** `ask(name, data)` of the line. */
  constructor(ask) {
    this.#ask = ask;
  }

  /** `session` = {type, username, appkey} or {type, gid}. Resolves to the answer, when it has come. */
  add(session, ids) {
    const key = JSON.stringify(session);
    if (!this.#waiting.has(key)) this.#waiting.set(key, { session, ids: new Set(), calls: [] });
    const entry = this.#waiting.get(key);
    for (const one of ids) entry.ids.add(one);
    this.#schedule();
    return new Promise((resolve, reject) => entry.calls.push({ resolve, reject }));
  }

  #schedule() {
    const count = [...this.#waiting.values()].reduce((sum, { ids }) => sum + ids.size, 0);
    const soon = count >= MANY;
    if (this.#timer && (this.#isSoon || !soon)) return;
    clearTimeout(this.#timer);
    this.#isSoon = soon;
    this.#timer = setTimeout(() => this.#send(), soon ? SOON_MS : SEND_AFTER_MS);
  }

  #send() {
    this.#timer = null;
    const entries = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { session, ids, calls } of entries) {
      const sessions = [{ ...session, msg_ids: [...ids] }];
      this.#ask("receipt_report", { sessions }).then(
        (answer) => calls.forEach(({ resolve }) => resolve(answer)),
        (error) => calls.forEach(({ reject }) => reject(error)),
      );
    }
  }
}
