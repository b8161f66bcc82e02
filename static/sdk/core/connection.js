import { eventFrame, GOODBYE, PING, PONG, readFrame } from "./codec.js";

const OPEN_WITHIN_MS = 20_000;
const PROBE_WITHIN_MS = 5_000;
const PING_INTERVAL_MS = 25_000; // until the server has named its own
const PING_TIMEOUT_MS = 60_000;

/**
 * One life of one WebSocket: it opens, pings, notices when nothing comes any more, and closes once.
 * Fires "open" (events may be sent), "event" with {name, data}, and "close" (last of all).
 */
export class Connection extends EventTarget {
  #socket;
  #open = false;
  #closed = false;
  #interval = PING_INTERVAL_MS;
  #timeout = PING_TIMEOUT_MS;
  #pingTimer = null;
  #silenceTimer = null;
  #probeTimer = null;

  /** `socket` is a WebSocket that was just made. */
  constructor(socket) {
    super();
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#received(data));
    socket.addEventListener("close", () => this.close());
    socket.addEventListener("error", () => this.close());
    this.#silenceTimer = setTimeout(() => this.close(), OPEN_WITHIN_MS);
  }

  get isOpen() {
    return this.#open && !this.#closed;
  }

  send(name, data) {
    this.#write(eventFrame(name, data));
  }

  /** Is anyone there? Closes when nothing at all comes within 5 s. For moments of doubt, as after sleep. */
  probe() {
    if (!this.isOpen || this.#probeTimer) return;
    this.#write(PING);
    this.#probeTimer = setTimeout(() => this.close(), PROBE_WITHIN_MS);
  }

  /** Log out for good: the server need not wait for silence. */
  leave() {
    this.#write(GOODBYE);
    this.close();
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of [this.#pingTimer, this.#silenceTimer, this.#probeTimer]) clearTimeout(timer);
    this.#socket.close();
    this.dispatchEvent(new CustomEvent("close"));
  }

  #write(frame) {
    if (this.isOpen) this.#socket.send(frame);
  }

  #received(frame) {
    if (this.#closed) return;
    this.#signOfLife();
    const packet = readFrame(frame);
    if (packet.kind === "event") this.dispatchEvent(new CustomEvent("event", { detail: packet }));
    else if (packet.kind === "open") this.#agree(packet.data);
    else if (packet.kind === "connected") this.#connected();
    else if (packet.kind === "pong") this.#pingLater();
    else if (packet.kind === "ping") this.#write(PONG + packet.text);
    else if (packet.kind === "close" || packet.kind === "disconnected") this.close();
  }

  #signOfLife() {
    clearTimeout(this.#probeTimer);
    this.#probeTimer = null;
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.close(), this.#interval + this.#timeout);
  }

  #agree({ pingInterval, pingTimeout }) {
    if (pingInterval > 0) this.#interval = pingInterval;
    if (pingTimeout > 0) this.#timeout = pingTimeout;
    this.#signOfLife();
    this.#pingLater();
  }

  #connected() {
    if (this.#open) return;
    this.#open = true;
    this.dispatchEvent(new CustomEvent("open"));
  }

  #pingLater() {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => this.#write(PING), this.#interval);
  }
}
