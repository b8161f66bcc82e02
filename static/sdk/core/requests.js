import { Lost, NoAnswer, Refusal } from "./errors.js";
import { requestId } from "./random.js";

const ACK_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 30_000;
const TRANSMISSIONS = 5;

/**
 * Requests under way on one connection, found again by rid. The server acknowledges each at once and answers
 * when it is done; what it does not acknowledge is sent again as it was (same rid), five times in all.
 *
 * Patient ones also send again what was not answered in time, so that a request lives on over a broken connection.
 */
export class Requests {
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
