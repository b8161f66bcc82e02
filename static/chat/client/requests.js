import { Lost, NoAnswer, Refusal } from "../lib/errors.js";
import { requestId } from "../lib/random.js";

const ACK_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 30_000;
const TRANSMISSIONS = 5;

/**
 * Requests under way on one connection, found again by rid. The server acknowledges each at once and answers
 * when it is done; what it does not acknowledge is sent again as it was (same rid), five times in all.
 */
export class Requests {
  #open = new Map();
  #send;
  #onSilence;

  /** `send(name, data)` writes; `onSilence()` is told when an acknowledgement is overdue. */
  constructor(send, onSilence = () => {}) {
    this.#send = send;
    this.#onSilence = onSilence;
  }

  /** Ask and wait for the answer. Rejects with Refusal, NoAnswer, or Lost when the connection ends. */
  ask(name, data = {}) {
    return this.#start(name, data, false);
  }

  /** Tell, and be content with the acknowledgement. */
  tell(name, data = {}) {
    return this.#start(name, data, true);
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

  #start(name, data, onlyAck) {
    const { promise, resolve, reject } = deferred();
    const request = { rid: this.#freeId(), name, onlyAck, resolve, reject, sent: 0, ackTimer: null, answerTimer: null };
    request.data = { ...data, rid: request.rid };
    this.#open.set(request.rid, request);
    if (!onlyAck) request.answerTimer = setTimeout(() => this.#close(request).reject(new NoAnswer()), ANSWER_WITHIN_MS);
    this.#transmit(request);
    return promise;
  }

  #freeId() {
    let rid = requestId();
    while (this.#open.has(rid)) rid = requestId();
    return rid;
  }

  #transmit(request) {
    request.sent += 1;
    request.ackTimer = setTimeout(() => this.#overdue(request), ACK_WITHIN_MS);
    this.#send(request.name, request.data);
  }

  #overdue(request) {
    this.#onSilence();
    if (!this.#open.has(request.rid)) return; // the silence ended the connection
    if (request.sent < TRANSMISSIONS) this.#transmit(request);
    else if (request.onlyAck) this.#close(request).reject(new NoAnswer());
  }

  #acknowledged(request) {
    clearTimeout(request.ackTimer);
    if (request.onlyAck) this.#close(request).resolve();
  }

  #answered(request, data) {
    const { rid: _, ...answer } = data;
    const code = answer.code ?? 0;
    this.#close(request);
    if (code === 0) request.resolve(answer);
    else request.reject(new Refusal(code, answer.message));
  }

  #close(request) {
    clearTimeout(request.ackTimer);
    clearTimeout(request.answerTimer);
    this.#open.delete(request.rid);
    return request;
  }
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
