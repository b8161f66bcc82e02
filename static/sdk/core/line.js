import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";
import { Lost, Refusal } from "./errors.js";
import { Requests } from "./requests.js";

const SETTLED_AFTER_MS = 10_000;

/**
 * A link that comes back: connects, enters, and does so again after every loss until it is stopped.
 *
 * Fires "state" ({name: "closed" | "connecting" | "waiting" | "online", until}), "ready" with what `enter` returned,
 * "push" with {name, data}, "lost" when it was online no more, and "ended" with {reason, error} when there is nothing
 * left to try: "refused", "unreachable" (only when started with `once`), or what `end` was told.
 */
export class Line extends EventTarget {
  #connect;
  #enter;
  #isFinal;
  #backoff;
  #kept;
  #once = false;
  #attemptNumber = 0;
  #state = { name: "closed", until: null };
  #connection = null;
  #requests = null;
  #retryTimer = null;
  #settledTimer = null;

  /**
   * `connect()` makes a WebSocket. `enter(ask)` does, on each new connection, what comes before all else; it is
   * given the only way to ask then. `isFinal(error)`: is it useless to try again? With `keepRequests` what is
   * under way outlives a loss and is sent again, the same, once the line is back.
   */
  constructor({ connect, enter, isFinal = () => false, keepRequests = false, random = Math.random }) {
    super();
    this.#connect = connect;
    this.#enter = enter;
    this.#isFinal = isFinal;
    this.#backoff = new Backoff(random);
    if (keepRequests) this.#kept = this.#newRequests(() => this.isOnline && this.#connection, { patient: true });
  }

  get state() {
    return this.#state;
  }

  get isOnline() {
    return this.#state.name === "online";
  }

  /** With `once` a first failure ends it. */
  start({ once = false } = {}) {
    this.stop();
    this.#once = once;
    this.#backoff.reset();
    this.#attempt();
  }

  stop() {
    this.#abandon((connection) => connection.leave());
    this.#kept?.lose();
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

  /** Rejects with Lost at once when the line is not online, unless requests are kept; else see Requests.ask. */
  ask(name, data, options) {
    if (this.#kept) return this.#kept.ask(name, data, options);
    return this.isOnline ? this.#requests.ask(name, data, options) : Promise.reject(new Lost());
  }

  /** Tell the server something that needs no answer; when it gets lost, it gets lost. */
  tell(name, data) {
    if (this.isOnline) (this.#kept ?? this.#requests).tell(name, data).catch(() => {});
  }

  /** There is nothing left to try. */
  end(reason, error = null) {
    this.#abandon();
    this.#kept?.lose();
    this.#become("closed");
    this.fire("ended", { reason, error });
  }

  /** What the server sent unasked. */
  pushed(name, data) {
    this.fire("push", { name, data });
  }

  fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  async #attempt() {
    this.#abandon();
    const number = this.#attemptNumber;
    this.#become("connecting");
    try {
      const reply = await this.#enter(this.#dialled(number));
      if (number === this.#attemptNumber) this.#entered(reply);
    } catch (error) {
      if (number === this.#attemptNumber) this.#failed(error);
    }
  }

  /** A way to open a connection and ask over it, once, when the one who enters is ready. */
  #dialled(number) {
    let opened = null;
    return (name, data) => {
      if (number !== this.#attemptNumber) return Promise.reject(new Lost());
      opened ??= this.#dial();
      return opened.then((requests) => (name ? requests.ask(name, data) : undefined));
    };
  }

  #entered(reply) {
    this.#once = false;
    this.#settledTimer = setTimeout(() => this.#backoff.reset(), SETTLED_AFTER_MS);
    this.#become("online");
    this.fire("ready", reply);
    this.#kept?.sendAgain();
  }

  #dial() {
    const connection = new Connection(this.#connect());
    const requests = this.#newRequests(() => connection);
    this.#connection = connection;
    this.#requests = requests;
    connection.addEventListener("event", ({ detail: { name, data } }) => this.#came(name, data));
    return new Promise((resolve, reject) => {
      connection.addEventListener("open", () => resolve(requests));
      connection.addEventListener("close", () => {
        requests.lose();
        reject(new Lost());
        if (connection === this.#connection && this.isOnline) this.#failed(new Lost());
      });
    });
  }

  #newRequests(connection, options) {
    return new Requests(
      (name, data) => (connection() || null)?.send(name, data),
      () => (connection() || null)?.probe(),
      options,
    );
  }

  #came(name, data) {
    const taken = [this.#requests, this.#kept].filter((requests) => requests?.received(name, data));
    if (taken.length === 0 && this.isOnline) this.pushed(name, data);
  }

  #failed(error) {
    const refused = error instanceof Refusal;
    if (this.isOnline) this.fire("lost");
    if (refused && (this.#once || this.#isFinal(error))) this.end("refused", error);
    else if (this.#once) this.end("unreachable", error);
    else if (this.#state.name !== "closed") this.#wait();
  }

  #wait() {
    this.#abandon();
    const delay = this.#backoff.next();
    this.#retryTimer = setTimeout(() => this.#attempt(), delay);
    this.#become("waiting", Date.now() + delay);
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
    this.fire("state", this.#state);
  }
}
