import { Lost, Refusal } from "../lib/errors.js";
import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";
import { Requests } from "./requests.js";

const SIGNATURE_EXPIRED = 880106;
const FINAL_CODES = new Set([880101, 880102, 880103, 880104, 880110, 880111]);
const FORCED_OFFLINE = 1;
const PASSWORD_CHANGED = 2;
const FORCED_REASONS = ["kicked", "disabled", "deleted"]; // by `extra` of event 1
const SETTLED_AFTER_MS = 10_000;

/**
 * One user's stay: connects, introduces itself, logs in, and does so again after every loss until it is closed.
 *
 * Fires "state" ({name: "closed" | "connecting" | "waiting" | "online", until}), "ready" after each login with the
 * server's reply, "push" with {name, data}, and "ended" with {reason, error} when there is nothing left to try:
 * "kicked", "disabled", "deleted", "password", "refused", or "unreachable" (only when opened with `once`).
 */
export class Session extends EventTarget {
  #connect;
  #signatures;
  #backoff;
  #credentials = null;
  #once = false;
  #attemptNumber = 0;
  #state = { name: "closed" };
  #connection = null;
  #requests = null;
  #retryTimer = null;
  #settledTimer = null;

  /** `connect()` makes a WebSocket; `signatures` has current() and renew(). */
  constructor({ connect, signatures, random = Math.random }) {
    super();
    this.#connect = connect;
    this.#signatures = signatures;
    this.#backoff = new Backoff(random);
  }

  get state() {
    return this.#state;
  }

  get isOnline() {
    return this.#state.name === "online";
  }

  /** `credentials` = {username, password}, the password as md5. With `once` a first failure ends it. */
  open(credentials, { once = false } = {}) {
    this.close();
    this.#credentials = credentials;
    this.#once = once;
    this.#backoff.reset();
    this.#attempt();
  }

  close() {
    this.#abandon((connection) => connection.leave());
    this.#credentials = null;
    this.#become("closed");
  }

  /** The reader asks for it: do not wait any longer. */
  tryNow() {
    if (this.#state.name === "waiting") this.#attempt();
  }

  /** The network came back or the page was shown again: try at once, or make sure that the link still lives. */
  wake() {
    this.tryNow();
    if (this.isOnline) this.#connection.probe();
  }

  /** Rejects with Lost at once when nobody is logged in; else see Requests.ask. */
  ask(name, data) {
    return this.isOnline ? this.#requests.ask(name, data) : Promise.reject(new Lost());
  }

  /** Tell the server something that needs no answer; when it gets lost, it gets lost. */
  tell(name, data) {
    if (this.isOnline) this.#requests.tell(name, data).catch(() => {});
  }

  async #attempt() {
    this.#abandon();
    const number = this.#attemptNumber;
    this.#become("connecting");
    try {
      await this.#enter(number);
    } catch (error) {
      if (number === this.#attemptNumber) this.#failed(error);
    }
  }

  async #enter(number) {
    const signature = await this.#signatures.current();
    if (number !== this.#attemptNumber) return;
    await this.#dial();
    await this.#introduce(signature);
    const reply = await this.#requests.ask("login", { ...this.#credentials, is_md5: true, version: "2.5.0" });
    if (number !== this.#attemptNumber) return;
    this.#once = false;
    this.#settledTimer = setTimeout(() => this.#backoff.reset(), SETTLED_AFTER_MS);
    this.#become("online");
    this.#fire("ready", reply);
  }

  #dial() {
    const connection = new Connection(this.#connect());
    const requests = new Requests(
      (name, data) => connection.send(name, data),
      () => connection.probe(),
    );
    this.#connection = connection;
    this.#requests = requests;
    connection.addEventListener("event", ({ detail }) => {
      if (!requests.received(detail.name, detail.data)) this.#pushed(detail);
    });
    return new Promise((resolve, reject) => {
      connection.addEventListener("open", resolve);
      connection.addEventListener("close", () => {
        requests.lose();
        reject(new Lost());
        if (connection === this.#connection && this.isOnline) this.#failed(new Lost());
      });
    });
  }

  async #introduce(signature) {
    const init = (signed) => this.#requests.ask("c_init", { ...signed, flag: 0, fromPlatForm: "j" });
    try {
      await init(signature);
    } catch (error) {
      if (error.code !== SIGNATURE_EXPIRED) throw error;
      await init(await this.#signatures.renew());
    }
  }

  #pushed({ name, data }) {
    if (!this.isOnline) return;
    if (name === "event_notification" && this.#endedBy(data)) return;
    this.#fire("push", { name, data });
  }

  #endedBy(event) {
    if (event.event_type === FORCED_OFFLINE) {
      const { event_id, event_type, from_uid, gid } = event;
      this.tell("event_notification", { event_id, event_type, from_uid, gid });
      this.#end(FORCED_REASONS[event.extra] ?? "kicked");
    } else if (event.event_type === PASSWORD_CHANGED) {
      this.#end("password");
    } else {
      return false;
    }
    return true;
  }

  #failed(error) {
    const final = error instanceof Refusal && FINAL_CODES.has(error.code);
    if (final || (this.#once && error instanceof Refusal)) this.#end("refused", error);
    else if (this.#once) this.#end("unreachable", error);
    else this.#wait();
  }

  #wait() {
    this.#abandon();
    const delay = this.#backoff.next();
    this.#retryTimer = setTimeout(() => this.#attempt(), delay);
    this.#become("waiting", Date.now() + delay);
  }

  #end(reason, error = null) {
    this.#abandon();
    this.#credentials = null;
    this.#become("closed");
    this.#fire("ended", { reason, error });
  }

  /** Let go of the present attempt and connection, whatever state they are in. */
  #abandon(part = (connection) => connection.close()) {
    this.#attemptNumber += 1;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#settledTimer);
    const connection = this.#connection;
    this.#connection = null;
    if (connection) part(connection);
  }

  #become(name, until = null) {
    this.#state = { name, until };
    this.#fire("state", this.#state);
  }

  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
