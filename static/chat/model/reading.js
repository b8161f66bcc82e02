import { Lost } from "../lib/errors.js";
import { target } from "./wire.js";

const SOON_MS = 300;

/** Moves the user's read cursors: here at once, on the server a moment later, and again after a loss. */
export class Reading {
  #ask;
  #marks = new Map(); // conversation → seq that the server does not know yet
  #timer = null;

  constructor(ask) {
    this.#ask = ask;
  }

  /** The reader has seen all up to `seq`. True when that is news. */
  seen(conversation, seq) {
    const { timeline, unread } = conversation;
    if (seq <= unread.readTo || timeline.hasHole) return false;
    conversation.readUpTo(seq);
    this.#marks.set(conversation, seq);
    this.#timer ??= setTimeout(() => this.flush(), SOON_MS);
    return true;
  }

  flush() {
    clearTimeout(this.#timer);
    this.#timer = null;
    for (const [conversation, seq] of this.#marks) this.#tell(conversation, seq);
  }

  async #tell(conversation, seq) {
    try {
      await this.#ask("mark_read", { ...target(conversation), seq });
    } catch (error) {
      if (error instanceof Lost) return; // kept: the next login tells it
    }
    if (this.#marks.get(conversation) === seq) this.#marks.delete(conversation);
  }
}
