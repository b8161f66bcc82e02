/*
 * jmessage.js and all that it imports as one classic script: <script src="…/sdk/jmessage.classic.js"></script> sets
 * window.JMessage. Made by `manage.py sdk_classic`; change the modules, not this file.
 */
(() => {
"use strict";
const SCRIPT = document.currentScript?.src || location.href;

// sdk/core/backoff.js
const module0 = (() => {
const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** How long to wait before the next attempt: doubling, and spread so that a crowd does not come back at once. */
class Backoff {
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
return { Backoff };
})();

// sdk/core/codec.js
const module1 = (() => {
/** Engine.IO 3 and Socket.IO 2 in text frames, one packet a frame. Pure: no socket, no timers. */

const PING = "2";
const PONG = "3";
const GOODBYE = "41";

const SIMPLE = { 1: "close", 2: "ping", 3: "pong", 6: "noop" };

/** The frame of a named event with one object argument. */
function eventFrame(name, data) {
  return `42${JSON.stringify([name, data])}`;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readOpen(text) {
  const data = parseJson(text);
  return isObject(data) ? { kind: "open", data } : { kind: "bad" };
}

function readEvent(text) {
  const list = parseJson(text);
  if (!Array.isArray(list) || typeof list[0] !== "string" || !isObject(list[1])) return { kind: "bad" };
  return { kind: "event", name: list[0], data: list[1] };
}

function readMessage(text) {
  if (text[0] === "0") return { kind: "connected" };
  if (text[0] === "1") return { kind: "disconnected" };
  if (text[0] === "2") return readEvent(text.slice(1).replace(/^\d+/, ""));
  return { kind: "bad" };
}

/**
 * One frame as {kind, …}: open {data}, close, ping {text}, pong {text}, noop, connected, disconnected,
 * event {name, data}, or bad for whatever this client cannot read. Never throws.
 */
function readFrame(frame) {
  if (typeof frame !== "string" || frame === "") return { kind: "bad" };
  const rest = frame.slice(1);
  if (frame[0] === "0") return readOpen(rest);
  if (frame[0] === "4") return readMessage(rest);
  const kind = SIMPLE[frame[0]];
  return kind ? { kind, text: rest } : { kind: "bad" };
}
return { PING, PONG, GOODBYE, eventFrame, readFrame };
})();

// sdk/core/connection.js
const module2 = (() => {
const { eventFrame, GOODBYE, PING, PONG, readFrame } = module1;

const OPEN_WITHIN_MS = 20_000;
const PROBE_WITHIN_MS = 5_000;
const PING_INTERVAL_MS = 25_000; // until the server has named its own
const PING_TIMEOUT_MS = 60_000;

/**
 * One life of one WebSocket: it opens, pings, notices when nothing comes any more, and closes once.
 * Fires "open" (events may be sent), "event" with {name, data}, and "close" (last of all).
 */
class Connection extends EventTarget {
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
return { Connection };
})();

// sdk/core/errors.js
const module3 = (() => {
/** What may go wrong with a request. No DOM, no socket. */

/** The server said no. `code` is the server's number, `message` its English sentence. */
class Refusal extends Error {
  constructor(code, message = "") {
    super(message || `refused with code ${code}`);
    this.name = "Refusal";
    this.code = code;
  }
}

/** The link broke (or was never there): nobody knows whether the request was done. */
class Lost extends Error {
  constructor(message = "no connection") {
    super(message);
    this.name = "Lost";
  }
}

/** The link stands, but no answer came in time. `acknowledged`: the server had at least taken the request. */
class NoAnswer extends Error {
  constructor(message = "no answer", { acknowledged = false } = {}) {
    super(message);
    this.name = "NoAnswer";
    this.acknowledged = acknowledged;
  }
}
return { Refusal, Lost, NoAnswer };
})();

// sdk/core/random.js
const module4 = (() => {
const MAX_REQUEST_ID = 2 ** 31 - 1;

/** A request id as the wire wants it: 1 to 2147483647. */
function requestId() {
  const [word] = crypto.getRandomValues(new Uint32Array(1));
  return (word % MAX_REQUEST_ID) + 1;
}
return { requestId };
})();

// sdk/core/requests.js
const module5 = (() => {
const { Lost, NoAnswer, Refusal } = module3;
const { requestId } = module4;

const ACK_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 30_000;
const TRANSMISSIONS = 5;

/**
 * Requests under way on one connection, found again by rid. The server acknowledges each at once and answers
 * when it is done; what it does not acknowledge is sent again as it was (same rid), five times in all.
 *
 * Patient ones also send again what was not answered in time, so that a request lives on over a broken connection.
 */
class Requests {
  #open = new Map();
  #send;
  #onSilence;
  #patient;

  /** `send(name, data)` writes; `onSilence()` is told when an acknowledgement is overdue. */
  constructor(send, onSilence = () => {}, { patient = false } = {}) {
    this.#send = send;
    this.#onSilence = onSilence;
    this.#patient = patient;
  }

  /**
   * Ask and wait for the answer. Rejects with Refusal, NoAnswer, Lost when the connection ends, or with the reason of
   * `signal` when that is aborted: the answer is then waited for no more. `onAck(rid)` is told of the acknowledgement.
   */
  ask(name, data = {}, options = {}) {
    return this.#start(name, data, { ...options, onlyAck: false });
  }

  /** Tell, and be content with the acknowledgement. */
  tell(name, data = {}) {
    return this.#start(name, data, { onlyAck: true });
  }

  /** An event that came in. True when it belonged to a request. */
  received(name, data) {
    const request = this.#open.get(data.rid);
    if (!request) return name === "ack";
    if (name === "ack") this.#acknowledged(request);
    else this.#answered(request, data);
    return true;
  }

  /** The connection is gone: everything still open is lost. */
  lose() {
    for (const request of [...this.#open.values()]) this.#close(request).reject(new Lost());
  }

  /** A new connection: what is still under way goes out again, in its order. */
  sendAgain() {
    for (const { name, data } of this.#open.values()) this.#send(name, data);
  }

  #start(name, data, { onlyAck, signal, onAck }) {
    const { promise, resolve, reject } = deferred();
    if (signal?.aborted) reject(signal.reason);
    else this.#begin({ rid: this.#freeId(), name, data, onlyAck, onAck, resolve, reject, sent: 0, acknowledged: false }, signal);
    return promise;
  }

  #begin(request, signal) {
    request.data = { ...request.data, rid: request.rid };
    this.#open.set(request.rid, request);
    const stop = () => this.#close(request).reject(signal.reason);
    signal?.addEventListener("abort", stop, { once: true });
    request.forget = () => signal?.removeEventListener("abort", stop);
    if (!request.onlyAck) this.#awaitAnswer(request);
    this.#transmit(request);
  }

  #awaitAnswer(request) {
    request.answerTimer = setTimeout(() => this.#unanswered(request), ANSWER_WITHIN_MS);
  }

  #freeId() {
    let rid = requestId();
    while (this.#open.has(rid)) rid = requestId();
    return rid;
  }

  #transmit(request) {
    request.sent += 1;
    clearTimeout(request.ackTimer);
    request.ackTimer = setTimeout(() => this.#overdue(request), ACK_WITHIN_MS);
    this.#send(request.name, request.data);
  }

  #overdue(request) {
    this.#onSilence();
    if (!this.#open.has(request.rid)) return; // the silence ended the connection
    if (request.sent < TRANSMISSIONS) this.#transmit(request);
    else if (request.onlyAck || this.#patient) this.#giveUp(request);
  }

  #unanswered(request) {
    if (!this.#patient || request.sent >= TRANSMISSIONS) return this.#giveUp(request);
    this.#awaitAnswer(request);
    this.#transmit(request);
  }

  #giveUp(request) {
    const { rid, data, acknowledged } = this.#close(request);
    request.reject(Object.assign(new NoAnswer("no answer", { acknowledged }), { request: { rid, data } }));
  }

  #acknowledged(request) {
    clearTimeout(request.ackTimer);
    const first = !request.acknowledged;
    request.acknowledged = true;
    if (request.onlyAck) this.#close(request).resolve();
    else if (first) request.onAck?.(request.rid);
  }

  #answered(request, data) {
    const { rid: _, ...answer } = data;
    const code = answer.code ?? 0;
    this.#close(request);
    if (code === 0) request.resolve(answer);
    else request.reject(Object.assign(new Refusal(code, answer.message), { answer }));
  }

  #close(request) {
    clearTimeout(request.ackTimer);
    clearTimeout(request.answerTimer);
    request.forget();
    this.#open.delete(request.rid);
    return request;
  }
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
return { Requests };
})();

// sdk/core/line.js
const module6 = (() => {
const { Backoff } = module0;
const { Connection } = module2;
const { Lost, Refusal } = module3;
const { Requests } = module5;

const SETTLED_AFTER_MS = 10_000;

/**
 * A link that comes back: connects, enters, and does so again after every loss until it is stopped.
 *
 * Fires "state" ({name: "closed" | "connecting" | "waiting" | "online", until}), "ready" with what `enter` returned,
 * "push" with {name, data}, "lost" when it was online no more, and "ended" with {reason, error} when there is nothing
 * left to try: "refused", "unreachable" (only when started with `once`), or what `end` was told.
 */
class Line extends EventTarget {
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
return { Line };
})();

// sdk/core/md5.js
const module7 = (() => {
/**
 * MD5 (RFC 1321) of a text's UTF-8 bytes. The wire wants passwords in this form; browsers do not offer it.
 * It hides nothing: the connection's own encryption does.
 */

const SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
];
const SINES = Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0);
const START = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];

/** The message, the bit 1, zeros, and the length in bits, as little-endian words; a multiple of 16 words. */
function padded(bytes) {
  const blocks = Math.floor((bytes.length + 8) / 64) + 1;
  const buffer = new Uint8Array(blocks * 64);
  buffer.set(bytes);
  buffer[bytes.length] = 0x80;
  const view = new DataView(buffer.buffer);
  view.setUint32(buffer.length - 8, (bytes.length << 3) >>> 0, true);
  view.setUint32(buffer.length - 4, Math.floor(bytes.length / 2 ** 29), true);
  return Array.from({ length: blocks * 16 }, (_, i) => view.getInt32(i * 4, true));
}

/** The mixing function of a round and which word of the block its step takes. */
function mix(i, b, c, d) {
  if (i < 16) return [(b & c) | (~b & d), i];
  if (i < 32) return [(d & b) | (~d & c), (5 * i + 1) % 16];
  if (i < 48) return [b ^ c ^ d, (3 * i + 5) % 16];
  return [c ^ (b | ~d), (7 * i) % 16];
}

function rotate(word, bits) {
  return (word << bits) | (word >>> (32 - bits));
}

function addBlock(state, block) {
  let [a, b, c, d] = state;
  for (let i = 0; i < 64; i += 1) {
    const [f, g] = mix(i, b, c, d);
    const turned = rotate((a + f + SINES[i] + block[g]) | 0, SHIFTS[i >> 4][i & 3]);
    [a, b, c, d] = [d, (b + turned) | 0, b, c];
  }
  return [(state[0] + a) | 0, (state[1] + b) | 0, (state[2] + c) | 0, (state[3] + d) | 0];
}

/** 32 lower-case hex digits. */
function md5(text) {
  const words = padded(new TextEncoder().encode(text));
  let state = START;
  for (let at = 0; at < words.length; at += 16) state = addBlock(state, words.slice(at, at + 16));
  const view = new DataView(new ArrayBuffer(16));
  state.forEach((word, i) => view.setInt32(i * 4, word, true));
  return Array.from(new Uint8Array(view.buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
return { md5 };
})();

// sdk/core/session.js
const module8 = (() => {
const { Line } = module6;

const SIGNATURE_EXPIRED = 880106;
const FINAL_CODES = new Set([880101, 880102, 880103, 880104, 880110, 880111, 882004]);
const FORCED_OFFLINE = 1;
const PASSWORD_CHANGED = 2;
const FORCED_REASONS = ["kicked", "disabled", "deleted"]; // by `extra` of event 1

/** Introduce the page; a signature that has grown old is renewed once. */
async function introduce(ask, signatures, { flag = 0 } = {}) {
  const init = (signed) => ask("c_init", { ...signed, flag, fromPlatForm: "j" });
  try {
    await init(await signatures.current());
  } catch (error) {
    if (error.code !== SIGNATURE_EXPIRED) throw error;
    await init(await signatures.renew());
  }
}

/** Why the server ended the stay by this event, or null: "kicked", "disabled", "deleted", "password". */
function endedBy(event) {
  if (event.event_type === FORCED_OFFLINE) return FORCED_REASONS[event.extra] ?? "kicked";
  return event.event_type === PASSWORD_CHANGED ? "password" : null;
}

/** The acknowledgement that event 1 wants. */
function farewell({ event_id, event_type, from_uid, gid }) {
  return { event_id, event_type, from_uid, gid };
}

/**
 * One user's stay: a Line that introduces itself and logs in. "ready" comes with the reply to the login; "ended" also
 * with the reasons "kicked", "disabled", "deleted" and "password".
 */
class Session extends Line {
  #signatures;
  #credentials = null;

  /** `connect()` makes a WebSocket; `signatures` has current() and renew(). */
  constructor({ connect, signatures, random }) {
    super({ connect, random, enter: (ask) => this.#enter(ask), isFinal: (error) => FINAL_CODES.has(error.code) });
    this.#signatures = signatures;
  }

  /** `credentials` = {username, password}, the password as md5. With `once` a first failure ends it. */
  open(credentials, options) {
    this.close();
    this.#credentials = credentials;
    this.start(options);
  }

  close() {
    this.stop();
    this.#credentials = null;
  }

  end(reason, error) {
    this.#credentials = null;
    super.end(reason, error);
  }

  pushed(name, data) {
    const reason = name === "event_notification" ? endedBy(data) : null;
    if (reason && reason !== "password") this.tell("event_notification", farewell(data));
    if (reason) this.end(reason);
    else super.pushed(name, data);
  }

  async #enter(ask) {
    await introduce(ask, this.#signatures);
    return ask("login", { ...this.#credentials, is_md5: true, version: "2.5.0" });
  }
}
return { introduce, endedBy, farewell, Session };
})();

// sdk/core/upload.js
const module9 = (() => {
const { Lost, NoAnswer, Refusal } = module3;

const UNKNOWN = 882001;
const TOO_LARGE = 880210;
const TOO_LARGE_UPLOAD = 898061; // the same refusal, as the upload's own address numbers it
const ANSWER_WITHIN_MS = 5 * 60_000;

function answerOf(request) {
  let body = null;
  try {
    body = JSON.parse(request.responseText);
  } catch {
    // a proxy in between may answer with a page of its own; the status then tells all we know
  }
  if (request.status === 200 && body?.media_id) return body;
  const { code = UNKNOWN, message } = body?.error ?? {};
  throw new Refusal(code === TOO_LARGE_UPLOAD ? TOO_LARGE : code, message);
}

function basic(username, token) {
  const bytes = new TextEncoder().encode(`${username}:${token}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

function formOf(file, type) {
  if (file instanceof FormData) return file;
  const form = new FormData();
  form.append(type, file, file.name || type);
  return form;
}

/**
 * POST a file (File, Blob, or a FormData with one) to `address`. `type` is "image" or "file"; resolves to
 * {media_id, media_crc32, width, height, format, fsize}, or for files {media_id, media_crc32, hash, fname, fsize}.
 * `onProgress` gets the sent share (0 to 1); `signal` stops it: Lost, with the signal's reason as cause.
 * XMLHttpRequest, because fetch tells no progress.
 */
function upload(file, { address = "/resource", type, appkey, username, token, onProgress = () => {}, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${address}?type=${type}`);
    request.timeout = ANSWER_WITHIN_MS;
    request.setRequestHeader("X-App-Key", appkey);
    request.setRequestHeader("jm-channel", "w");
    request.setRequestHeader("Authorization", basic(username, token));
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    request.addEventListener("load", () => {
      try {
        resolve(answerOf(request));
      } catch (refusal) {
        reject(refusal);
      }
    });
    const stopped = () => Object.assign(new Lost("the upload was stopped"), { cause: signal?.reason });
    request.addEventListener("error", () => reject(new Lost("the upload broke off")));
    request.addEventListener("timeout", () => reject(new NoAnswer()));
    request.addEventListener("abort", () => reject(stopped()));
    if (signal?.aborted) return reject(stopped());
    signal?.addEventListener("abort", () => request.abort());
    request.send(formOf(file, type));
  });
}
return { upload };
})();

// sdk/jmessage/address.js
const module10 = (() => {
const SCHEMES = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" };

/** The socket's address by the application's: ws, wss, http or https; a query in it is kept. */
function socketAddress(address) {
  const url = new URL(address);
  const scheme = SCHEMES[url.protocol];
  if (!scheme) throw new TypeError(`address must be ws, wss, http or https: ${address}`);
  const query = new URLSearchParams(url.search);
  query.set("EIO", "3");
  query.set("transport", "websocket");
  return `${scheme}//${url.host}/socket.io/?${query}`;
}

/** Where uploads go when the application does not say: the same server. */
function uploadAddress(address) {
  const url = new URL(address);
  return `${url.protocol.replace(/^ws/, "http")}//${url.host}/resource`;
}
return { socketAddress, uploadAddress };
})();

// sdk/jmessage/codes.js
const module11 = (() => {
/** The vendor's numbers of refusals that are made on this side, before or instead of a request. */

const { Refusal } = module3;

const MISSING = 880001; // no other number fits
const BAD_PARAMETER = 880002; // one is missing
const BAD_VALUE = 880003;
const BAD_TYPE = 880004;
const NO_FILE = 880005;
const LOG_OUT_FIRST = 880006;
const BAD_MSG_ID = 880008;
const SIGNATURE_EXPIRED = 880106;
const LOGGED_IN = 880107;
const LOGGING_IN = 880109;
const NOT_ALLOWED = 882004; // init or login comes first
const TIMED_OUT = 882005;

function refusal(code, message) {
  return Object.assign(new Refusal(code, message), { answer: { code, message } });
}
return { MISSING, BAD_PARAMETER, BAD_VALUE, BAD_TYPE, NO_FILE, LOG_OUT_FIRST, BAD_MSG_ID, SIGNATURE_EXPIRED, LOGGED_IN, LOGGING_IN, NOT_ALLOWED, TIMED_OUT, refusal };
})();

// sdk/jmessage/call.js
const module12 = (() => {
const { Lost, NoAnswer, Refusal } = module3;
const { MISSING, TIMED_OUT } = module11;

/** What onFail gets: the server's whole answer, or {code, message}. */
function failureOf(error) {
  if (error instanceof Refusal) return { code: error.code, message: error.message, ...error.answer };
  if (error instanceof Lost || error instanceof NoAnswer) return { code: TIMED_OUT, message: error.message };
  return { code: error.code > 0 && error.name !== "AbortError" ? error.code : MISSING, message: error.message };
}

/** An error of the application's own code is the application's: it must not stop ours, and must be seen. */
function run(callback, args) {
  try {
    callback(...args);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}

/**
 * One call of a method: the vendor's chain of four callbacks, and a promise as well.
 *
 *     jim.getGroups().onSuccess((data) => …).onFail((data) => …).onTimeout((data) => …).onAck((data) => …)
 *     const data = await jim.getGroups()
 *
 * The promise rejects with an Error that has `code`. It gives what onSuccess gets first, with what onSuccess gets
 * second as a member of it: `msg` for sends, `msg_ids` for receipts.
 */
class Call {
  #callbacks = { onSuccess: [], onFail: [], onTimeout: [], onAck: [] };
  #told = {};
  #promise;

  /** `work(acknowledged)` resolves to [data, second = undefined]; `second` is {name: value}. */
  constructor(work) {
    this.#promise = this.#run(work);
    this.#promise.catch(() => {}); // who registered callbacks only has asked for no promise
  }

  onSuccess(callback) {
    return this.#on("onSuccess", callback);
  }

  onFail(callback) {
    return this.#on("onFail", callback);
  }

  onTimeout(callback) {
    return this.#on("onTimeout", callback);
  }

  onAck(callback) {
    return this.#on("onAck", callback);
  }

  then(succeeded, failed) {
    return this.#promise.then(succeeded, failed);
  }

  catch(failed) {
    return this.#promise.catch(failed);
  }

  finally(finished) {
    return this.#promise.finally(finished);
  }

  async #run(work) {
    try {
      const [data, second = {}] = await work((acknowledgement) => this.#tell("onAck", acknowledgement));
      this.#tell("onSuccess", data, ...Object.values(second));
      return Object.keys(second).length ? { ...data, ...second } : data;
    } catch (reason) {
      const error = reason instanceof Error ? reason : new Error(String(reason), { cause: reason });
      this.#failed(error);
      if (!(error instanceof DOMException)) error.code = failureOf(error).code;
      throw error;
    }
  }

  #failed(error) {
    if (error instanceof NoAnswer && error.request && this.#callbacks.onTimeout.length > 0) {
      this.#tell("onTimeout", { ...error.request, response_timeout: error.acknowledged });
    } else {
      this.#tell("onFail", failureOf(error));
    }
  }

  #on(kind, callback) {
    if (typeof callback !== "function") return this;
    this.#callbacks[kind].push(callback);
    if (kind in this.#told) queueMicrotask(() => run(callback, this.#told[kind]));
    return this;
  }

  #tell(kind, ...args) {
    this.#told[kind] = args;
    for (const callback of this.#callbacks[kind]) run(callback, args);
  }
}
return { Call };
})();

// sdk/jmessage/checks.js
const module13 = (() => {
const { BAD_MSG_ID, BAD_PARAMETER, BAD_TYPE, BAD_VALUE, NO_FILE, refusal } = module11;

/**
 * Shapes of arguments. A shape is a function (name, value) → value to send; it throws a refusal: 880002 where an
 * argument is missing, 880003 for a value that cannot be, 880004 for another type.
 */

function require(holds, code, message) {
  if (!holds) throw refusal(code, message);
}

function text(name, value) {
  require(typeof value === "string", BAD_TYPE, `${name} must be a string`);
  require(value !== "", BAD_VALUE, `${name} must not be empty`);
  return value;
}

/** May be empty. */
function words(name, value) {
  require(typeof value === "string", BAD_TYPE, `${name} must be a string`);
  return value;
}

function isId(value) {
  return (Number.isSafeInteger(value) && value > 0) || (typeof value === "string" && /^\d{1,16}$/.test(value));
}

/** A gid, room id or event id: a number, or text with one. */
function id(name, value) {
  require(["number", "string"].includes(typeof value), BAD_TYPE, `${name} must be a number`);
  require(isId(value), BAD_VALUE, `${name} is not an id`);
  return value;
}

function msgId(name, value) {
  require(isId(value), BAD_MSG_ID, `${name} is not a message's id`);
  return value;
}

function msgIds(name, value) {
  require(Array.isArray(value), BAD_TYPE, `${name} must be a list`);
  require(value.length > 0, BAD_VALUE, `${name} must not be empty`);
  return value.map((one) => Number(msgId(name, one)));
}

/** A number, or text with one. */
function number(name, value) {
  require(["number", "string"].includes(typeof value), BAD_TYPE, `${name} must be a number`);
  require(value !== "" && Number.isFinite(Number(value)), BAD_VALUE, `${name} is not a number`);
  return Number(value);
}

function object(name, value) {
  require(typeof value === "object" && value !== null && !Array.isArray(value), BAD_TYPE, `${name} must be an object`);
  return value;
}

/** [{username, appkey}] */
function users(name, value) {
  require(Array.isArray(value), BAD_TYPE, `${name} must be a list`);
  for (const one of value) text(`${name}[].username`, object(`${name}[]`, one).username);
  return value;
}

/** Whatever JavaScript takes for true. */
function flag(name, value) {
  return Boolean(value);
}

/** A File or Blob, or a FormData with one in it. */
function file(name, value) {
  const isForm = value instanceof FormData;
  require(isForm || value instanceof Blob, BAD_TYPE, `${name} must be a FormData or a File`);
  require(!isForm || [...value.values()].some((part) => part instanceof Blob), NO_FILE, `there is no file in ${name}`);
  return value;
}

/** May be left out, or blank where it is text. */
function optional(shape) {
  return Object.assign((name, value) => shape(name, value), { isOptional: true, skipsBlank: shape === text });
}

/** What is sent when the argument is missing. */
function defaulting(shape, value) {
  return Object.assign((name, given) => shape(name, given), { isOptional: true, value });
}

/** The arguments of a call by its table {name: shape}; what is not named in it is not sent. */
function read(given, shapes) {
  const found = object("the argument", given ?? {});
  const sent = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const value = found[name];
    const isMissing = value === undefined || value === null || (shape.skipsBlank && value === "");
    if (!isMissing) sent[name] = shape(name, value);
    else if (!shape.isOptional) throw refusal(BAD_PARAMETER, `${name} is missing`);
    else if (shape.value !== undefined) sent[name] = shape.value;
  }
  return sent;
}
return { text, words, id, msgId, msgIds, number, object, users, flag, file, optional, defaulting, read };
})();

// sdk/jmessage/content.js
const module14 = (() => {
const { BAD_PARAMETER, refusal } = module11;
const { defaulting, file, flag, id, number, object, optional, read, text, users, words } = module13;

const CONTROL = {
  no_offline: defaulting(flag, false),
  no_notification: defaulting(flag, false),
  need_receipt: optional(flag),
  custom_notification: optional(object),
};

/** Where a message goes: its arguments, `target_type`, and the members of the request besides the content. */
const TARGETS = {
  Single: {
    type: "single",
    event: "s_across_single_text",
    shapes: { target_username: text, target_nickname: optional(words), appkey: optional(text), ...CONTROL },
    id: (given) => given.target_username,
    name: (given) => given.target_nickname,
    members: (given) => ({ target_id: given.target_username }),
  },
  Group: {
    type: "group",
    event: "send_group_msg",
    shapes: { target_gid: id, target_gname: optional(words), ...CONTROL },
    id: (given) => String(given.target_gid),
    name: (given) => given.target_gname,
    members: (given) => ({ target_gid: String(given.target_gid) }),
  },
  Chatroom: {
    type: "chatroom",
    event: "send_room_msg",
    shapes: { target_rid: id, target_rname: optional(words), no_offline: defaulting(flag, false), no_notification: defaulting(flag, false) },
    id: (given) => String(given.target_rid),
    name: (given) => given.target_rname ?? "",
    members: (given) => ({ target_gid: String(given.target_rid) }),
  },
};

/** What a message says: its arguments (or `msg_body` instead), and its body; `upload` names the argument with a file. */
const KINDS = {
  Msg: { type: "text", shapes: { content: words }, body: ({ content }) => ({ text: content }) },
  Pic: { type: "image", shapes: { image: file }, upload: "image" },
  File: { type: "file", shapes: { file }, upload: "file" },
  Location: {
    type: "location",
    shapes: { latitude: number, longitude: number, scale: number, label: words },
    body: ({ latitude, longitude, scale, label }) => ({ latitude, longitude, scale, label }),
  },
  Custom: { type: "custom", shapes: { custom: object }, body: ({ custom }) => ({ ...custom }) },
};

const UPLOADED = {
  image: ["media_id", "media_crc32", "width", "height", "format", "fsize"],
  file: ["media_id", "media_crc32", "hash", "fsize", "fname"],
};

/** The 15 methods that send: name → {target, kind}. */
const SENDS = Object.fromEntries(
  Object.keys(TARGETS).flatMap((target) => Object.keys(KINDS).map((kind) => [`send${target}${kind}`, { target, kind }])),
);

/**
 * A send by its arguments: {event, file, upload, request(uploaded)}; `file` is what is to be uploaded first, as
 * `upload` ("image" or "file"). `me` = {username, appkey}. Source: Web SDK protocol, 5.
 */
function prepare({ target, kind }, given, me) {
  const [to, what] = [TARGETS[target], KINDS[kind]];
  const args = read(given, to.shapes);
  const extras = read(given, { extras: optional(object) });
  const mentions = target === "Group" && kind === "Msg" ? read(given, { at_list: optional(users) }) : {};
  const forwarded = read(given, { msg_body: optional(object) }).msg_body;
  const said = forwarded ? {} : read(mentions.at_list ? { content: " ", ...given } : given, what.shapes);
  const body = (uploaded) => forwarded ?? (what.upload ? pick(uploaded, UPLOADED[what.upload]) : what.body(said));
  return {
    event: to.event,
    file: what.upload && said[what.upload],
    upload: what.upload,
    request: (uploaded) => ({
      content: content(to, what, args, { ...body(uploaded), ...extras }, me),
      ...pick(args, Object.keys(CONTROL)),
      target_name: to.name(args),
      ...to.members(args),
      ...(mentions.at_list ? { users: mentions.at_list } : {}),
      appkey: args.appkey ?? me.appkey,
    }),
  };
}

function content(to, what, args, body, me) {
  const across = args.appkey ? { target_appkey: args.appkey, from_appkey: me.appkey } : {};
  return {
    version: 1,
    target_type: to.type,
    from_platform: "web",
    target_id: to.id(args),
    target_name: to.name(args),
    from_id: me.username,
    create_time: Date.now(),
    msg_type: what.type,
    msg_body: body,
    ...across,
  };
}

function pick(found, names) {
  return Object.fromEntries(names.filter((name) => found[name] !== undefined).map((name) => [name, found[name]]));
}

/** A conversation by {username, appkey} or {gid}. */
function readPlace(given) {
  const args = read(given, { gid: optional(id), username: optional(text), appkey: optional(text) });
  if (args.gid === undefined && args.username === undefined) throw refusal(BAD_PARAMETER, "gid or username is missing");
  return args;
}
return { SENDS, prepare, readPlace };
})();

// sdk/jmessage/conversations.js
const module15 = (() => {
/** What this browser remembers of conversations: unread numbers, the application's extras, the last message. No wire, no DOM. */

const SINGLE = 3;
const GROUP = 4;
const MOST_TIMES = 500; // of unread messages; older ones are counted and not told apart
const EXTRAS_BYTES = 512;
const MOST_KEPT = 500; // conversations, the latest

function singlePlace(appkey, username) {
  return { key: `${appkey}:${username}`, type: SINGLE, appkey, username };
}

function groupPlace(gid) {
  return { key: `gid:${gid}`, type: GROUP, gid: Number(gid) };
}

/** The conversation of a message, seen by `me`: an own one of a pair is with its target. */
function placeOf(message, me) {
  if (message.msg_type === GROUP) return groupPlace(message.from_gid);
  const { from_appkey, from_username, content = {} } = message;
  if (isOwn(message, me)) return singlePlace(content.target_appkey ?? me.appkey, content.target_id);
  return singlePlace(from_appkey, from_username);
}

/** The conversation that {type, username, appkey} or {type, gid} names. */
function namedPlace({ type, gid, appkey, username }) {
  return type === GROUP ? groupPlace(gid) : singlePlace(appkey, username);
}

/** The same as the wire names it. */
function wireOf({ type, gid, appkey, username }) {
  return type === GROUP ? { type, gid } : { type, appkey, username };
}

function isOwn({ from_appkey, from_username }, me) {
  return from_username === me.username && from_appkey === me.appkey;
}

class Conversations {
  #me;
  #all = new Map();
  #underWay = new Map(); // key → how many notes of ours the server has not answered yet
  #current = null; // the one that was read last
  #changed;

  /** `me` = {username, appkey}; `changed()` is told when there is something to save. */
  constructor(me, changed = () => {}) {
    this.#me = me;
    this.#changed = changed;
  }

  /** Begin with what was saved. */
  load(saved) {
    for (const one of saved ?? []) this.#all.set(one.key, { ...one, counted: one.last?.msg_id ?? 0 });
  }

  /** What to save: the latest ones, as plain objects. */
  saved() {
    return [...this.#all.values()].sort((one, other) => other.latest - one.latest).slice(0, MOST_KEPT);
  }

  unread({ key }) {
    return this.#all.get(key)?.unread ?? 0;
  }

  extras({ key }) {
    return this.#all.get(key)?.extras ?? {};
  }

  /** The application's own; whether they may go to other devices: the server keeps 512 bytes. */
  setExtras(place, extras) {
    const staysHere = new TextEncoder().encode(JSON.stringify(extras)).length > EXTRAS_BYTES;
    Object.assign(this.#at(place), { extras, staysHere });
    this.#changed();
    return !staysHere;
  }

  /** What is noted is on its way: until `told` is settled, what the server says of it is older. */
  async noting({ key }, told) {
    this.#underWay.set(key, (this.#underWay.get(key) ?? 0) + 1);
    await Promise.allSettled([told]);
    this.#underWay.set(key, this.#underWay.get(key) - 1);
  }

  /** What another device noted, or this one before. */
  noted(place, extras) {
    const known = this.#all.get(place.key);
    if (!extras || known?.staysHere || this.#underWay.get(place.key)) return;
    if (!known && Object.keys(extras).length === 0) return;
    this.#at(place).extras = extras;
    this.#changed();
  }

  /** A message came while we were looking, or was sent by us. */
  live(message) {
    const conversation = this.#at(placeOf(message, this.#me));
    this.#last(conversation, message);
    if (conversation.key === this.#current) conversation.readAt = Math.max(conversation.readAt, message.ctime_ms);
    else if (!isOwn(message, this.#me)) this.#count(conversation, [message.ctime_ms]);
    this.#changed();
  }

  /** Messages came by sync, oldest first; `isWhole`: they are all there are. The unread number after them. */
  synced(place, msgs, unsyncCount, isWhole) {
    const conversation = this.#at(place);
    const isKnown = conversation.readAt > 0;
    const split = isKnown ? this.#firstUnread(msgs, conversation.readAt) : msgs.length - unsyncCount;
    if (isWhole || (isKnown && msgs.some((message) => isOwn(message, this.#me)))) Object.assign(conversation, { unread: 0, times: [] });
    if (!isKnown && isWhole) conversation.readAt = msgs[split - 1]?.ctime_ms ?? 0;
    // What was counted before the page was loaded may come again: its acknowledgement was cut off.
    const news = msgs.slice(split).filter(({ msg_id: id }) => isWhole || id > conversation.counted);
    this.#count(conversation, news.map(({ ctime_ms: at }) => at)); // prettier-ignore
    if (msgs.length > 0) this.#last(conversation, msgs.at(-1));
    this.#changed();
    return conversation.unread;
  }

  /** The user has read it all, and reads on until another conversation is named. */
  reset(place) {
    const conversation = this.#at(place);
    this.#current = conversation.key;
    Object.assign(conversation, { unread: 0, times: [], readAt: Math.max(conversation.latest, conversation.readAt, 1) });
    this.#changed();
  }

  /** Read on another device up to a moment (ms). Whether that changes the number. */
  readElsewhere(place, at) {
    const conversation = this.#at(place);
    const before = conversation.unread;
    conversation.readAt = Math.max(conversation.readAt, at);
    conversation.times = conversation.times.filter((time) => time > at);
    conversation.unread = conversation.times.length;
    this.#changed();
    return conversation.unread !== before;
  }

  /** Index of the first message that is unread: after the time of reading and after one's own last word. */
  #firstUnread(msgs, readAt) {
    const lastOwn = msgs.findLastIndex((message) => isOwn(message, this.#me));
    const lastRead = msgs.findLastIndex(({ ctime_ms: at }) => at <= readAt);
    return Math.max(lastOwn, lastRead) + 1;
  }

  #count(conversation, times) {
    conversation.unread += times.length;
    conversation.times = [...conversation.times, ...times].slice(-MOST_TIMES);
  }

  #last(conversation, message) {
    if (message.ctime_ms < conversation.latest) return;
    Object.assign(conversation, { latest: message.ctime_ms, last: message });
  }

  #at(place) {
    const empty = { ...place, unread: 0, times: [], readAt: 0, latest: 0, last: null, counted: 0, extras: {} };
    if (!this.#all.has(place.key)) this.#all.set(place.key, empty);
    return this.#all.get(place.key);
  }
}
return { SINGLE, GROUP, singlePlace, groupPlace, placeOf, namedPlace, wireOf, isOwn, Conversations };
})();

// sdk/jmessage/events.js
const module16 = (() => {
/** Events as the application gets them: the vendor's members, and what it computes. */

const MEMBERS = [
  "event_id", "event_type", "from_username", "gid", "to_usernames", "ctime", "extra", "return_code", "from_appkey",
  "msg_ids", "from_gid", "msgid_list", "to_groups", "new_owner", "group_name", "ctime_ms", "media_id",
  "from_nickname", "description", "from_eventid",
]; // prettier-ignore

const READ_ELSEWHERE = 200;
const RETRACTED = 55;
const ASKS_TO_JOIN = 56;
const FRIENDS_CHANGED = 100;
const MEMO = 7;
const BY_SELF = { 10: false, 59: true };

function parsed(description) {
  try {
    return JSON.parse(description);
  } catch {
    return description;
  }
}

function toEvent(wire) {
  const event = Object.fromEntries(MEMBERS.filter((name) => name in wire).map((name) => [name, wire[name]]));
  if (event.event_type === RETRACTED) event.type = event.from_gid === 0 ? 0 : 1;
  if (event.event_type === FRIENDS_CHANGED && event.extra === MEMO) event.description = parsed(event.description);
  if (event.event_type === ASKS_TO_JOIN && event.extra in BY_SELF) {
    event.by_self = BY_SELF[event.extra];
    delete event.extra;
  }
  return event;
}

const LEVELS = { 0: "normal", 1: "across" };

/** A message of a pair or a group, as the application gets it. `modified` is its sender's, in seconds, or undefined. */
function toMessage(wire) {
  const { sui_mtime: modified, ...content } = wire.content ?? {};
  const message = { ...wire, content, msg_level: LEVELS[wire.msg_level] ?? wire.msg_level };
  message.key = wire.msg_type === 3 ? wire.from_uid : wire.from_gid;
  if (wire.msg_type === 3) {
    message.from_username = content.from_id ?? wire.from_username;
    message.from_appkey = content.from_appkey ?? wire.from_appkey;
  }
  return { message, modified };
}
return { READ_ELSEWHERE, toEvent, toMessage };
})();

// sdk/jmessage/methods.js
const module17 = (() => {
/** The methods that are one request and its answer: name → {event, shapes, more, answer}. Source: Web SDK. */

const { defaulting, flag, id, msgId, number, object, optional, text, users, words } = module13;

const GID = { gid: id };
const USER = { target_name: text, appkey: optional(text) };
const MEMBERS = { gid: id, member_usernames: users };
const PERSON = { gid: id, target_username: text, target_appkey: optional(text) };
const VERSION = { version: 0 };
const PAGE = { start: defaulting(number, 0), appkey: optional(text) };

function withoutUid({ uid, ...user }) {
  return user;
}

/** `flag` of a group is called group_type. */
function toGroup({ flag: group_type, ...group }) {
  return { ...group, group_type };
}

const toGroups = (groups) => groups.map(toGroup);

function request(event, shapes = {}, { more = {}, answer = (data) => data, learn } = {}) {
  return { event, shapes, more, answer, learn };
}

const METHODS = {
  // Users
  getUserInfo: request(
    "get_across_user_info",
    { username: text, appkey: optional(text) },
    { more: (me) => ({ appkey: me.appkey }), answer: (data) => ({ ...data, user_info: withoutUid(data.user_info) }) },
  ),
  updateSelfInfo: request("update_user_inf", {
    nickname: optional(words),
    birthday: optional((name, value) => value),
    signature: optional(words),
    gender: optional(number),
    region: optional(words),
    address: optional(words),
    extras: optional(object),
  }),

  // Messages
  msgRetract: request("msg_retract", { msg_id: msgId }),
  msgUnreadList: request("msg_unread_list", { msg_id: msgId }),
  getResource: request("get_resource", { media_id: text }),
  transSingleMsg: request("trans_msg_single", { target_username: text, cmd: words, target_appkey: optional(text) }),
  transGroupMsg: request("trans_msg_group", { gid: id, cmd: words }),
  transPlatMsg: request("trans_msg_platform", { platform: text, cmd: words }),

  // Groups
  exitGroup: request("exit_group", GID),
  getGroups: request("get_groups_list", {}, { answer: (data) => ({ ...data, group_list: toGroups(data.group_list) }) }),
  getGroupInfo: request("get_group_info", GID, { answer: (data) => ({ ...data, group_info: toGroup(data.group_info) }) }),
  getGroupMembers: request("get_group_members", GID, {
    learn: (data) => data.member_list.map(({ uid, mtime }) => [uid, new Date(mtime).getTime()]),
    answer: (data) => ({ ...data, member_list: data.member_list.map(({ uid, mtime, ...member }) => member) }),
  }),
  addGroupMembers: request("add_across_group_member", MEMBERS),
  delGroupMembers: request("del_across_group_member", MEMBERS),
  joinGroup: request("apply_join_group", { gid: id, reason: optional(words) }),
  addGroupMemberResp: request("admin_add_group_member", {
    gid: id,
    event_id: id,
    target_username: text,
    from_username: text,
    result: number,
    reason: optional(words),
    from_appkey: optional(text),
    target_appkey: optional(text),
  }),
  addGroupMemSilence: request("group_mem_silence", PERSON, { more: { keep_silence: true } }),
  delGroupMemSilence: request("group_mem_silence", PERSON, { more: { keep_silence: false } }),
  addGroupKeeper: request("add_group_keeper", MEMBERS),
  delGroupKeeper: request("del_group_keeper", MEMBERS),
  changeGroupAdmin: request("change_group_admin", PERSON),
  dissolveGroup: request("dissolve_group", GID),
  getAppkeyPublicGroups: request("public_group_list", PAGE, {
    answer: (data) => ({ ...data, result: { ...data.result, groups: toGroups(data.result.groups) } }),
  }),

  // Chat rooms
  getAppkeyChatrooms: request("room_list", PAGE),
  getSelfChatrooms: request("room_list_self"),
  getChatroomInfo: request("room_info", { id }),
  enterChatroom: request("join_room", { id }),
  exitChatroom: request("exit_room", { id }),

  // No-disturb and shields
  getNoDisturb: request("no_disturb", {}, {
    more: VERSION,
    answer: (data) => ({ ...data, no_disturb: { ...data.no_disturb, groups: toGroups(data.no_disturb.groups) } }),
  }), // prettier-ignore
  addSingleNoDisturb: request("add_msg_no_disturb_single", USER, { more: VERSION }),
  delSingleNoDisturb: request("delete_msg_no_disturb_single", USER, { more: VERSION }),
  addGroupNoDisturb: request("add_msg_no_disturb_group", GID, { more: VERSION }),
  delGroupNoDisturb: request("delete_msg_no_disturb_group", GID, { more: VERSION }),
  addGlobalNoDisturb: request("add_msg_no_disturb_global", {}, { more: VERSION }),
  delGlobalNoDisturb: request("delete_msg_no_disturb_global", {}, { more: VERSION }),
  addGroupShield: request("add_msg_shield_group", GID),
  delGroupShield: request("del_msg_shield_group", GID),
  groupShieldList: request("list_shield_group", {}, {
    // The document says group_list, the vendor's server and client say groups: both.
    answer: (data) => ({ ...data, groups: toGroups(data.groups), group_list: toGroups(data.groups) }),
  }), // prettier-ignore

  // Friends and blacklist
  getFriendList: request("get_friend_list", {}, {
    learn: (data) => data.friend_list.map(({ uid, mtime }) => [uid, mtime * 1000]),
    answer: (data) => ({ ...data, friend_list: data.friend_list.map(withoutUid) }),
  }), // prettier-ignore
  addFriend: request("add_friend", { ...USER, why: defaulting(words, "") }, { more: { from_type: 1 } }),
  acceptFriend: request("add_friend", USER, { more: { why: "yes", from_type: 2 } }),
  declineFriend: request("add_friend", { ...USER, why: defaulting((name, value) => declining(words(name, value)), "no") }, {
    more: { from_type: 2 },
  }), // prettier-ignore
  delFriend: request("del_friend", USER),
  updateFriendMemo: request("update_friend_memo", { ...USER, memo_name: words, memo_others: optional(words) }),
  getBlacks: request("get_black_list", {}, {
    more: VERSION,
    answer: (data) => ({ ...data, black_list: data.black_list.map(withoutUid) }),
  }), // prettier-ignore
  addSingleBlacks: request("add_black_list", { member_usernames: users }),
  delSingleBlacks: request("del_black_list", { member_usernames: users }),
};

/** A refusal says why, and never the one word that accepts. */
function declining(why) {
  const blank = why.trim() === "";
  return blank ? "no" : why === "yes" ? "yes." : why;
}

/** An account to be made. */
const REGISTRATION = {
  username: text,
  password: text,
  is_md5: optional(flag),
  nickname: optional(words),
  birthday: optional((name, value) => value),
  signature: optional(words),
  gender: optional(number),
  region: optional(words),
  address: optional(words),
  extras: optional(object),
  media_id: optional(words),
};
return { METHODS, REGISTRATION };
})();

// sdk/jmessage/receipts.js
const module18 = (() => {
const SEND_AFTER_MS = 2_000;
const SOON_MS = 50;
const MANY = 50; // waiting ids that are not kept for the rest of the two seconds

/** Receipts are collected, and sent together, one request a conversation. */
class Receipts {
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
return { Receipts };
})();

// sdk/core/cache.js
const module19 = (() => {
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
class Cache {
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
return { Cache };
})();

// sdk/core/sync.js
const module20 = (() => {
const CHECK_EVERY_MS = 150_000;
const PAGE = 100;
const PAGES = 10;
const SEEN = 5_000;
const ACKNOWLEDGED = new Set(["sync_conversation", "sync_event", "sync_receipt"]);

/**
 * What makes one stay whole: the positions up to which the server's messages, events and receipts have come, and the
 * way back to them after a loss. Every message is let through once.
 */
class Sync {
  #ask;
  #tell;
  #learn;
  #keys;
  #flag;
  #timer = null;
  #seen = new Set();
  #seqs = new Map(); // conversation_id → highest seq that has come
  #marks = null; // the same at the moment of a loss

  /**
   * `ask(name, data)` and `tell(name, data)` of the line; `flag` 1 asks for the whole history at first; `learn(row)`
   * gets each conversation of the server's list.
   */
  constructor({ ask, tell, flag = 0, eventKey = 0, learn = () => {} }) {
    this.#ask = ask;
    this.#learn = learn;
    this.#tell = tell;
    this.#flag = flag;
    this.#keys = { sync_key: 0, sync_type: flag, sync_event_key: eventKey, msg_receipt_key: 0 };
  }

  get eventKey() {
    return this.#keys.sync_event_key;
  }

  /** After the login: ask for what was missed, and again every 150 s. */
  async start() {
    await this.#check();
    for (const { conversation_id: id, last_seq: seq } of await this.#rows()) this.#seqs.set(id, Math.max(seq, this.#seqOf(id)));
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** The link broke: from here on something may be missing. */
  lost() {
    this.stop();
    this.#marks ??= new Map(this.#seqs);
  }

  /** The link is back. Gives what came meanwhile and no push brings, one {row, messages} a conversation. */
  async resume() {
    const marks = this.#marks ?? new Map(this.#seqs);
    this.#marks = null;
    await this.#check();
    const markOf = (row) => marks.get(row.conversation_id) ?? 0;
    const behind = (await this.#rows()).filter((row) => row.last_seq > markOf(row));
    const missed = await Promise.all(behind.map((row) => this.#after(row, markOf(row))));
    return missed.filter(({ messages }) => messages.length > 0);
  }

  /** A push came: acknowledge what wants it, and take over its position. */
  pushed(name, data) {
    if (!ACKNOWLEDGED.has(name)) return;
    this.#tell(`${name}_ack`, { sync_key: data.sync_key });
    const key = { sync_conversation: "sync_key", sync_event: "sync_event_key", sync_receipt: "msg_receipt_key" }[name];
    this.#keys[key] = data.sync_key;
  }

  /** Is it the first time that this message comes? */
  isNew({ msg_id: id, conversation_id: conversation, seq }) {
    if (seq) this.#seqs.set(conversation, Math.max(seq, this.#seqOf(conversation)));
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    if (this.#seen.size > SEEN) this.#seen.delete(this.#seen.values().next().value);
    return true;
  }

  #seqOf(conversation) {
    return this.#seqs.get(conversation) ?? 0;
  }

  async #check() {
    this.stop();
    this.#timer = setTimeout(() => this.#check().catch(() => {}), CHECK_EVERY_MS);
    const { sync_key, sync_type, sync_event_key, msg_receipt_key } = await this.#ask("sync_check", { ...this.#keys });
    this.#keys = { sync_key, sync_type, sync_event_key, msg_receipt_key };
    return sync_type;
  }

  async #rows() {
    const { conversations } = await this.#ask("list_conversations", {});
    conversations.forEach(this.#learn);
    return conversations;
  }

  async #after(row, seq) {
    const place = row.type === 4 ? { type: 4, gid: row.gid } : { type: 3, username: row.username, appkey: row.appkey };
    const messages = [];
    for (let page = 0, more = true; more && page < PAGES; page += 1) {
      const answer = await this.#ask("get_messages", { ...place, after: messages.at(-1)?.seq ?? seq, limit: PAGE });
      messages.push(...answer.messages);
      more = answer.has_more && answer.messages.length > 0;
    }
    return { row, messages: messages.filter((message) => message.state === "kept" && this.isNew(message)) };
  }
}
return { Sync };
})();

// sdk/jmessage/stay.js
const module21 = (() => {
const { Cache } = module19;
const { Sync } = module20;
const { Conversations, GROUP, groupPlace, namedPlace, SINGLE, singlePlace } = module15;
const { READ_ELSEWHERE, toEvent, toMessage } = module16;

/**
 * One login of one user: what is pushed meanwhile, what was missed, what is remembered. `tell(listener, data)` calls
 * the application's listener of that name.
 */
class Stay {
  #me;
  #line;
  #tell;
  #sync;
  #cache;
  #flag;
  #hasHistory = false;
  #waiting = []; // pushes that came before the cache was read; null after that
  #modified = new Map(); // uid → when the profile changed, ms, as far as the application knows

  constructor({ me, line, flag, tell, cached = true }) {
    this.#me = me;
    this.#line = line;
    this.#flag = flag;
    this.#tell = tell;
    this.#cache = cached ? new Cache(me.appkey, me.username) : null;
    this.conversations = new Conversations(me, () => this.#save());
  }

  /** Read what is remembered. */
  async begin() {
    const saved = await this.#cache?.load();
    this.conversations.load(saved?.conversations);
    this.#sync = new Sync({
      ask: (name, data) => this.#line.ask(name, data),
      tell: (name, data) => this.#line.tell(name, data),
      flag: this.#flag,
      eventKey: saved?.event_key ?? 0,
      learn: (row) => this.#noted(row),
    });
  }

  /** The application knows of the login: bring it what it missed, then what comes. */
  start() {
    this.#quietly(this.#sync.start());
    const waiting = this.#waiting;
    this.#waiting = null;
    for (const { name, data } of waiting) this.pushed(name, data);
  }

  lost() {
    this.#sync?.lost();
  }

  resume() {
    this.#quietly(this.#sync.resume().then((missed) => this.#caughtUp(missed)));
  }

  end() {
    this.#sync?.stop();
    this.#cache?.close();
  }

  /** Save what waits to be saved: the page may be gone in a moment. */
  leaving() {
    this.#cache?.flush();
  }

  /** When a user's profile changed, as answers tell it: [[uid, ms]]. */
  learn(modified) {
    for (const [uid, at] of modified) this.#modified.set(uid, at);
  }

  /** A push of the server, whatever it is. */
  pushed(name, data) {
    if (this.#waiting) {
      this.#waiting.push({ name, data });
      return;
    }
    this.#sync.pushed(name, data);
    this.#handlers[name]?.(data);
  }

  #handlers = {
    msg_sync: ({ messages }) => this.#messages(messages),
    sync_conversation: ({ messages }) => this.#conversations(messages),
    sync_event: ({ events }) => this.#tell("onSyncEvent", events.map(toEvent)),
    sync_receipt: ({ receipts }) => this.#tell("onSyncMsgReceipt", merged(receipts)),
    receipt_change: (change) => this.#tell("onMsgReceiptChange", change),
    event_notification: (event) => this.#event(event),
    conversation_change: (noted) => this.#noted(noted),
    trans_msg_rec: (command) => this.#tell("onTransMsgRec", command),
    room_msg_sync: (message) => this.#tell("onRoomMsg", message),
    room_msg_sync_his: ({ messages }) => {
      for (const { msgs } of messages) for (const message of msgs) this.#tell("onRoomMsg", message);
    },
  };

  #messages(wires) {
    const news = [];
    for (const wire of wires) {
      const { msg_id, msg_type, from_uid, from_gid } = wire;
      this.#line.tell("msg_recv_v2", { msg_id, msg_type, from_uid, from_gid });
      if (!this.#sync.isNew(wire)) continue;
      const { message, modified } = toMessage(wire);
      this.conversations.live(message);
      this.#profileOf(message, modified);
      news.push(message);
    }
    if (news.length > 0) this.#tell("onMsgReceive", { messages: news });
  }

  #profileOf({ from_uid: uid, from_username, from_appkey }, modified) {
    const known = this.#modified.get(uid);
    if (!modified || known === undefined || modified * 1000 <= known) return;
    this.#modified.set(uid, modified * 1000);
    this.#tell("onUserInfUpdate", { from_username, from_appkey, username: from_username, appkey: from_appkey, mtime: modified });
  }

  #conversations(entries) {
    const isWhole = this.#flag === 1 && !this.#hasHistory;
    this.#hasHistory = true;
    const told = entries.map((entry) => this.#conversation(entry, isWhole)).filter(({ msgs }) => msgs.length > 0);
    if (told.length > 0 || entries.length === 0) this.#tell("onSyncConversation", told);
  }

  #conversation({ unsync_count: unsynced, ...entry }, isWhole) {
    const msgs = entry.msgs.filter((wire) => this.#sync.isNew(wire)).map((wire) => toMessage(wire).message);
    const place =
      entry.msg_type === GROUP ? groupPlace(entry.from_gid) : singlePlace(entry.from_appkey, entry.from_username);
    const unread = this.conversations.synced(place, msgs, Math.min(unsynced, msgs.length), isWhole);
    return { ...entry, msgs, unread_msg_count: unread };
  }

  /** What no push brings because another device of the user had it already, in the form of a sync. */
  #caughtUp(missed) {
    const told = missed.map(({ row, messages }) => {
      const isGroup = row.type === GROUP;
      const place = namedPlace(row);
      const msgs = messages.map((wire) => toMessage(wire).message);
      const others = msgs.filter(({ from_username, from_appkey }) => from_username !== this.#me.username || from_appkey !== this.#me.appkey);
      return {
        msg_type: row.type,
        ...(isGroup ? { from_gid: row.gid } : { from_appkey: row.appkey, from_username: row.username }),
        key: row.key,
        receipt_msgs: [],
        msgs,
        unread_msg_count: this.conversations.synced(place, msgs, Math.min(others.length, row.unread_count), false),
      };
    });
    if (told.length > 0) this.#tell("onSyncConversation", told);
  }

  #event(wire) {
    if (wire.event_type === READ_ELSEWHERE) this.#readElsewhere(wire);
    else this.#tell("onEventNotification", toEvent(wire));
  }

  /** What the user notes about a conversation, on whichever device. */
  #noted({ extras, ...row }) {
    this.conversations.noted(namedPlace(row), extras);
  }

  #readElsewhere({ description, ctime_ms: at }) {
    const { type, appkey, username, gid } = description;
    const place = namedPlace(description);
    if (!this.conversations.readElsewhere(place, at)) return;
    const who = type === SINGLE ? { username, appkey } : { gid };
    this.#tell("onMutiUnreadMsgUpdate", { type, ...who, unreadCount: this.conversations.unread(place) });
  }

  #save() {
    this.#cache?.save(() => ({ conversations: this.conversations.saved(), event_key: this.#sync.eventKey }));
  }

  /** A loss in the middle of it is made good after the next login; a refusal is not the application's business. */
  #quietly(promise) {
    promise.catch(() => {});
  }
}

/** Receipt changes of one conversation as one entry. */
function merged(receipts) {
  const entries = new Map();
  for (const { receipt_msgs, ...place } of receipts) {
    const key = `${place.type} ${place.gid ?? ""} ${place.appkey ?? ""} ${place.username ?? ""}`;
    if (!entries.has(key)) entries.set(key, { ...place, receipt_msgs: [] });
    entries.get(key).receipt_msgs.push(...receipt_msgs);
  }
  return [...entries.values()];
}
return { Stay };
})();

// sdk/jmessage.js
const module22 = (() => {
const { Line } = module6;
const { md5 } = module7;
const { Refusal } = module3;
const { endedBy, farewell, introduce } = module8;
const { upload } = module9;
const { socketAddress, uploadAddress } = module10;
const { Call } = module12;
const { file, flag, id, msgIds, object, optional, read, text, words } = module13;
const codes = module11;
const { prepare, readPlace, SENDS } = module14;
const { GROUP, groupPlace, namedPlace, SINGLE, singlePlace, wireOf } = module15;
const { toEvent } = module16;
const { METHODS, REGISTRATION } = module17;
const { Receipts } = module18;
const { Stay } = module21;

const LISTENERS = [
  "onDisconnect", "onMsgReceive", "onSyncConversation", "onUserInfUpdate", "onEventNotification", "onSyncEvent",
  "onMsgReceiptChange", "onSyncMsgReceipt", "onMutiUnreadMsgUpdate", "onTransMsgRec", "onRoomMsg", "onConnection",
]; // prettier-ignore

const PAYLOAD = { appkey: text, random_str: text, timestamp: (name, value) => value, signature: text };
const VERSION = "2.5.0"; // of the protocol, as 2.6.0 says too

/** Which server this script came from. */
const HOME = SCRIPT;

/**
 * The vendor's class, method by method, with promises beside its callbacks. Methods, arguments, answers and listeners
 * are described in jmessage.d.ts. A lost link comes back by itself and brings what was missed; onDisconnect tells only
 * when that is not possible: then `init` and `login` are the application's again.
 */
class JMessage {
  #options;
  #line;
  #listeners = {};
  #payload = null;
  #isInit = false;
  #me = null;
  #password = null;
  #isLoggingIn = false;
  #stay = null;
  #receipts;
  #windowListeners = [];

  constructor(options = {}) {
    const address = options.address ?? HOME;
    this.#options = { resume: true, cache: true, debug: false, upload_file: uploadAddress(address), ...options };
    const socket = socketAddress(address);
    const Socket = options.WebSocket ?? globalThis.WebSocket;
    this.#line = new Line({ connect: () => new Socket(socket), enter: (ask) => this.#enter(ask), keepRequests: true });
    this.#line.addEventListener("state", ({ detail }) => this.#tell("onConnection", detail));
    this.#line.addEventListener("lost", () => this.#lost());
    this.#line.addEventListener("ready", ({ detail }) => detail.isBack && this.#stay.resume());
    this.#line.addEventListener("push", ({ detail }) => this.#pushed(detail.name, detail.data));
    this.#receipts = new Receipts((name, data) => this.#line.ask(name, data));
    this.#watchWindow();
    this.#line.start();
  }

  // Coming and going

  init(args, options) {
    return this.#call(async (acknowledged) => {
      const payload = { ...read(args, PAYLOAD), flag: Number(read(args, { flag: optional((name, value) => value) }).flag ?? 0) };
      if (this.#me) this.loginOut(); // the server takes another introduction on another connection
      this.#signOut();
      if (this.#line.state.name === "closed") this.#line.start();
      const data = await this.#ask("c_init", { ...args, ...payload, fromPlatForm: "j" }, options, acknowledged);
      this.#payload = payload;
      this.#isInit = true;
      return [data];
    });
  }

  register(args, options) {
    return this.#call(async (acknowledged) => {
      this.#requireInit();
      if (this.#me) throw codes.refusal(codes.LOG_OUT_FIRST, "log out before registering");
      const { password, is_md5: isMd5, ...account } = read(args, REGISTRATION);
      const request = { ...account, ...(isMd5 ? { is_md5: true } : {}), password: isMd5 ? password : md5(password) };
      return [await this.#ask("register", request, options, acknowledged)];
    });
  }

  login(args, options) {
    return this.#call(async (acknowledged) => {
      this.#requireInit();
      if (this.#me) throw codes.refusal(codes.LOGGED_IN, "already logged in, log out before");
      if (this.#isLoggingIn) throw codes.refusal(codes.LOGGING_IN, "a login is under way");
      const { username, password, is_md5: isMd5 } = read(args, { username: text, password: text, is_md5: optional(flag) });
      const secret = isMd5 ? password : md5(password);
      this.#isLoggingIn = true;
      try {
        const request = { username, password: secret, ...(isMd5 ? { is_md5: true } : {}), version: VERSION };
        const data = await this.#ask("login", request, options, acknowledged);
        await this.#loggedIn(data.username ?? username, secret);
        return [data];
      } finally {
        this.#isLoggingIn = false;
      }
    });
  }

  loginOut() {
    this.#signOut();
    this.#line.stop();
  }

  /** Ours: let go of the connection and of the window for good. */
  close() {
    this.loginOut();
    for (const [type, work] of this.#windowListeners) globalThis.removeEventListener(type, work);
  }

  isConnect() {
    return this.#line.isOnline;
  }

  isInit() {
    return this.#isInit;
  }

  isLogin() {
    return this.#me !== null;
  }

  // Oneself

  updateSelfAvatar(args, options = {}) {
    return this.#call(async (acknowledged) => {
      const { avatar } = this.#read(args, { avatar: file });
      const { media_id: mediaId } = await this.#upload(avatar, "image", options);
      return [await this.#ask("update_user_inf", { avatar: mediaId }, options, acknowledged)];
    });
  }

  updateSelfPwd(args, options) {
    return this.#call(async (acknowledged) => {
      const { is_md5: isMd5, ...given } = this.#read(args, { old_pwd: text, new_pwd: text, is_md5: optional(flag) });
      const [before, after] = [given.old_pwd, given.new_pwd].map((password) => (isMd5 ? password : md5(password)));
      const request = { old_pwd: before, new_pwd: after, ...(isMd5 ? { is_md5: true } : {}) };
      const data = await this.#ask("update_user_pwd", request, options, acknowledged);
      this.#password = after;
      return [data];
    });
  }

  // Conversations

  getConversation(options) {
    return this.#call(async (acknowledged) => {
      this.#requireLogin();
      const data = await this.#ask("get_conversations", {}, options, acknowledged);
      const { conversations } = this.#stay;
      this.#stay.learn(data.conversations.filter(({ type }) => type === SINGLE).map(({ key, utime }) => [key, utime]));
      const list = data.conversations.map(({ utime, ...row }) => {
        const known = row.type === GROUP ? { ...row, gid: row.key } : row;
        const place = namedPlace(known);
        return { ...known, extras: conversations.extras(place), unread_msg_count: conversations.unread(place) };
      });
      return [{ ...data, conversations: list }];
    });
  }

  /** Ours: the conversations that this browser remembers, the latest first, each with `last`, its last message. */
  getCachedConversations() {
    this.#requireLogin();
    return structuredClone(this.#stay.conversations.saved());
  }

  updateConversation(args) {
    const place = this.#placeOf(args);
    const { extras } = read(args, { extras: object });
    const { conversations } = this.#stay;
    if (!conversations.setExtras(place, extras)) return; // the vendor's stay in one browser, all of them
    conversations.noting(place, this.#line.ask("update_conversation", { ...wireOf(place), extras }));
  }

  getUnreadMsgCnt(args) {
    const place = this.#placeOf(args);
    return this.#stay.conversations.unread(place);
  }

  resetUnreadCount(args) {
    const place = this.#placeOf(args);
    this.#stay.conversations.reset(place);
    const event = place.type === GROUP ? "unread_group_count" : "unread_single_count";
    this.#line.ask(event, wireOf(place)).catch(() => {}); // it has no callbacks; kept over a loss all the same
  }

  addSingleReceiptReport(args) {
    return this.#report(args, { username: text, appkey: optional(text) }, ({ username, appkey = this.#me.appkey }) => ({
      username,
      appkey,
      type: SINGLE,
    }));
  }

  addGroupReceiptReport(args) {
    return this.#report(args, { gid: id }, ({ gid }) => ({ gid: Number(gid), type: GROUP }));
  }

  // Groups with a picture

  createGroup(args, options = {}) {
    const shapes = { group_name: text, group_description: optional(words), is_limit: optional(flag) };
    return this.#withAvatar("create_group", args, shapes, options);
  }

  updateGroupInfo(args, options = {}) {
    const shapes = { gid: id, group_name: optional(text), group_description: optional(words) };
    return this.#withAvatar("update_group_info", args, shapes, options);
  }

  // How all methods work

  /** A method that is one request. */
  static #plain({ event, shapes, more, answer, learn }) {
    const takesArguments = Object.keys(shapes).length > 0;
    return function (...given) {
      const [args, options] = takesArguments ? given : [{}, given[0]];
      return this.#call(async (acknowledged) => {
        const request = this.#read(args, shapes);
        const added = typeof more === "function" ? more(this.#me) : more;
        const data = await this.#ask(event, { ...added, ...request }, options, acknowledged);
        if (learn) this.#stay?.learn(learn(data));
        return [answer(data)];
      });
    };
  }

  /** A method that sends a message. */
  static #send(spec) {
    return function (args, options = {}) {
      return this.#call(async (acknowledged) => {
        this.#requireLogin();
        const { event, file: found, upload: type, request } = prepare(spec, args, this.#me);
        const uploaded = found ? await this.#upload(found, type, options) : null;
        const body = request(uploaded);
        const data = await this.#ask(event, body, options, acknowledged);
        if (spec.target === "Single") Object.assign(data, { target_username: body.target_id, appkey: body.appkey });
        return [data, { msg: { ...body, msg_id: data.msg_id, ctime_ms: data.ctime_ms } }];
      });
    };
  }

  static {
    for (const [name, spec] of Object.entries(METHODS)) define(name, this.#plain(spec));
    for (const [name, spec] of Object.entries(SENDS)) define(name, this.#send(spec));
    for (const name of LISTENERS) {
      define(name, function (listener) {
        this.#listeners[name] = listener;
      });
    }

    function define(name, value) {
      Object.defineProperty(value, "name", { value: name });
      Object.defineProperty(JMessage.prototype, name, { value, writable: true, configurable: true });
    }
  }

  #call(work) {
    const call = new Call(work);
    if (this.#options.debug) call.then(
      (data) => console.debug("JMessage", data),
      (error) => console.debug("JMessage", error),
    ); // prettier-ignore
    return call;
  }

  #ask(event, request, options = {}, acknowledged = () => {}) {
    return this.#line.ask(event, request, { signal: options.signal, onAck: (rid) => acknowledged({ rid, ...request }) });
  }

  #read(args, shapes) {
    this.#requireLogin();
    return read(args, shapes);
  }

  #requireInit() {
    if (!this.#isInit) throw codes.refusal(codes.NOT_ALLOWED, "init comes first");
  }

  #requireLogin() {
    this.#requireInit();
    if (!this.#me) throw codes.refusal(codes.NOT_ALLOWED, "login comes first");
  }

  #placeOf(args) {
    this.#requireLogin();
    const { gid, username, appkey = this.#me.appkey } = readPlace(args);
    return gid === undefined ? singlePlace(appkey, username) : groupPlace(gid);
  }

  #report(args, shapes, session) {
    return this.#call(async () => {
      // The document's table says msg_ids, its examples msg_id.
      const ids = args?.msg_ids === undefined && args?.msg_id !== undefined ? [args.msg_id].flat() : args?.msg_ids;
      const { msg_ids: found, ...conversation } = this.#read({ ...args, msg_ids: ids }, { ...shapes, msg_ids: msgIds });
      return [await this.#receipts.add(session(conversation), found), { msg_ids: found }];
    });
  }

  #withAvatar(event, args, shapes, options) {
    return this.#call(async (acknowledged) => {
      const { avatar, ...request } = this.#read(args, { ...shapes, avatar: optional(file) });
      if (avatar) request.media_id = (await this.#upload(avatar, "image", options)).media_id;
      return [await this.#ask(event, request, options, acknowledged)];
    });
  }

  async #upload(found, type, { signal, onProgress }) {
    const { uptoken: token } = await this.#ask("get_upload_token", {}, { signal });
    const who = { address: this.#options.upload_file, appkey: this.#me.appkey, username: this.#me.username, token };
    try {
      return await upload(found, { ...who, type, signal, onProgress });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw error;
    }
  }

  // The link

  /** On each connection: say again who we are. What the server then refuses, only the application can mend. */
  async #enter(ask) {
    await ask();
    if (!this.#isInit) return { isBack: false };
    try {
      await introduce(ask, { current: () => this.#payload, renew: () => this.#renew() }, { flag: this.#payload.flag });
      if (this.#me) await ask("login", { username: this.#me.username, password: this.#password, is_md5: true, version: VERSION });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#dropped();
    }
    return { isBack: this.#me !== null };
  }

  async #renew() {
    const { signature } = this.#options;
    if (!signature) throw codes.refusal(codes.SIGNATURE_EXPIRED, "the signature has expired, init anew");
    this.#payload = { ...read(await signature(), PAYLOAD), flag: this.#payload.flag };
    return this.#payload;
  }

  async #loggedIn(username, password) {
    this.#password = password;
    const me = { username, appkey: this.#payload.appkey };
    const stay = new Stay({
      me,
      line: this.#line,
      flag: this.#payload.flag,
      tell: (name, data) => this.#tell(name, data),
      cached: this.#options.cache,
    });
    this.#stay = stay;
    await stay.begin();
    if (this.#stay !== stay) return; // logged out meanwhile
    this.#me = me;
    setTimeout(() => this.#stay === stay && stay.start()); // the application hears of the login first
  }

  #pushed(name, data) {
    if (this.#options.debug) console.debug("JMessage", name, data);
    const reason = name === "event_notification" ? endedBy(data) : null;
    if (!reason) return this.#stay?.pushed(name, data);
    this.#tell("onEventNotification", toEvent(data));
    if (reason !== "password") this.#line.tell("event_notification", farewell(data));
    this.#signOut();
    this.#line.start();
  }

  #lost() {
    this.#stay?.lost();
    if (!this.#options.resume) this.#dropped();
  }

  /** The login is gone, and only the application can bring it back. */
  #dropped() {
    this.#signOut();
    this.#tell("onDisconnect");
  }

  #signOut() {
    this.#stay?.end();
    [this.#stay, this.#me, this.#password, this.#isInit, this.#isLoggingIn] = [null, null, null, false, false];
  }

  #tell(listener, ...args) {
    try {
      this.#listeners[listener]?.(...args);
    } catch (error) {
      setTimeout(() => {
        throw error; // the application's own: seen in its console, and no harm to the link
      });
    }
  }

  #watchWindow() {
    if (!globalThis.document) return;
    this.#windowListeners = [
      ["online", () => this.#line.wake()],
      ["pageshow", ({ persisted }) => persisted && this.#line.wake()],
      ["pagehide", () => this.#stay?.leaving()],
      ["visibilitychange", () => (document.visibilityState === "visible" ? this.#line.wake() : this.#stay?.leaving())],
    ];
    for (const [type, work] of this.#windowListeners) globalThis.addEventListener(type, work);
  }
}
return { JMessage };
})();

globalThis.JMessage = module22.JMessage;
})();
