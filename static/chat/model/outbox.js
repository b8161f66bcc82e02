import { Lost, Stale } from "../lib/errors.js";
import { uniqueId } from "../lib/random.js";
import { sendRequest } from "./wire.js";

const STALE_AFTER_MS = 15 * 60_000; // nobody wants a message of an hour ago sent without being asked
const UPLOAD_TRIES = 5;
const UPLOAD_AGAIN_MS = 3_000;

/**
 * What is being sent. Each message has one client_id for ever, so that sending it again, after a loss or by
 * hand, cannot make two of it. Status: "uploading", "sending", "queued" (no connection), "failed", "sent".
 */
export class Outbox {
  #me;
  #server;
  #changed;
  #entries = new Map(); // message → {conversation, busy, abort, tries}
  #lastStamp = 0;

  /** `server` has isOnline, ask, upload; `changed(conversation, message)` is told of every step. */
  constructor({ me, server, changed }) {
    this.#me = me;
    this.#server = server;
    this.#changed = changed;
  }

  /** Send to a conversation: {kind: "text", body} or {kind: "image", file, preview, width, height}. */
  send(conversation, draft) {
    const message = this.#echo(draft);
    conversation.timeline.addEcho(message);
    this.#entries.set(message, { conversation, busy: false, abort: null, tries: 0 });
    this.#deliver(message);
    return message;
  }

  /** The connection is back: everything that still waits, in the order in which it was written. */
  flush() {
    for (const [message, entry] of this.#entries) {
      if (entry.busy || message.status === "failed") continue;
      if (message.status === "sent") this.#entries.delete(message);
      else if (Date.now() - message.at > STALE_AFTER_MS) this.#fail(message, new Stale());
      else this.#deliver(message);
    }
  }

  retry(message) {
    const entry = this.#entries.get(message);
    if (!entry || entry.busy || message.status !== "failed") return;
    Object.assign(message, { at: Date.now(), error: null });
    entry.tries = 0;
    this.#deliver(message);
  }

  discard(message) {
    const entry = this.#entries.get(message);
    if (!entry) return;
    this.#entries.delete(message);
    entry.abort?.abort();
    entry.conversation.timeline.discard(message);
    this.#changed(entry.conversation, message);
  }

  #echo({ kind, body = null, file = null, preview = "", width = 0, height = 0 }) {
    const clientId = uniqueId();
    const { username, appkey } = this.#me;
    this.#lastStamp = Math.max(Date.now(), this.#lastStamp + 1); // one's own stamps differ: an echo is known by them
    return {
      key: clientId,
      revision: 0,
      clientId,
      id: 0,
      seq: 0,
      at: Date.now(),
      stamp: this.#lastStamp,
      author: { username, appkey, name: "" },
      mine: true,
      kind,
      body: body ?? { width, height },
      file,
      preview,
      progress: 0,
      retracted: false,
      status: "sending",
      error: null,
    };
  }

  async #deliver(message) {
    const entry = this.#entries.get(message);
    entry.busy = true;
    try {
      if (message.file) await this.#upload(message, entry);
      this.#step(message, { status: this.#server.isOnline ? "sending" : "queued" });
      const request = sendRequest(entry.conversation, message, this.#me);
      const { msg_id: id, seq, ctime_ms: at } = await this.#server.ask(...request);
      this.#sent(message, entry, { id, seq: seq || 0, at });
    } catch (error) {
      this.#broken(message, entry, error);
    }
  }

  async #upload(message, entry) {
    entry.abort = new AbortController();
    this.#step(message, { status: "uploading", progress: 0 });
    const onProgress = (share) => this.#step(message, { progress: share });
    try {
      message.body = await this.#server.upload(message.file, { onProgress, signal: entry.abort.signal });
      message.file = null; // uploaded once; a retry sends the same media_id
    } catch (error) {
      if (error instanceof Lost) entry.tries += 1;
      throw error;
    } finally {
      entry.abort = null;
    }
  }

  #sent(message, entry, told) {
    if (this.#entries.delete(message)) entry.conversation.timeline.confirm(message, told);
    this.#changed(entry.conversation, message);
  }

  #broken(message, entry, error) {
    entry.busy = false;
    if (!this.#entries.has(message)) return; // discarded meanwhile
    if (message.status === "sent") this.#entries.delete(message); // another way told that it had arrived
    else if (error instanceof Lost && entry.tries < UPLOAD_TRIES) this.#waitForLink(message);
    else this.#fail(message, error);
  }

  /** The next login flushes; an upload may also break off while the link stands. */
  #waitForLink(message) {
    this.#step(message, { status: "queued" });
    if (message.file) setTimeout(() => this.#server.isOnline && this.flush(), UPLOAD_AGAIN_MS);
  }

  #fail(message, error) {
    this.#step(message, { status: "failed", error });
  }

  #step(message, change) {
    const entry = this.#entries.get(message);
    if (!entry || message.status === "sent") return;
    Object.assign(message, change, { revision: message.revision + 1 });
    this.#changed(entry.conversation, message);
  }
}
