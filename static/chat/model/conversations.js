import { Conversation } from "./conversation.js";

/** All conversations of the user, by key. No DOM, no socket. */
export class Conversations {
  #byKey = new Map();

  /** "loading", "ready" or "failed". */
  state = "loading";
  error = null;

  /** Newest first. */
  get list() {
    const all = [...this.#byKey.values()];
    return all.sort((one, other) => other.at - one.at || one.key.localeCompare(other.key));
  }

  get all() {
    return this.#byKey.values();
  }

  get unread() {
    let sum = 0;
    for (const conversation of this.#byKey.values()) sum += conversation.unread.value;
    return sum;
  }

  find(key) {
    return this.#byKey.get(key);
  }

  /** The conversation of a place, made when it is new. */
  at(place) {
    if (!this.#byKey.has(place.key)) this.#byKey.set(place.key, new Conversation(place));
    return this.#byKey.get(place.key);
  }

  /** Groups that the server no longer lists: dropped, or marked gone when `kept` is one of them. */
  dropGroupsBut(keys, kept) {
    for (const conversation of [...this.#byKey.values()]) {
      if (conversation.kind !== "group" || keys.has(conversation.key)) continue;
      conversation.gone = true;
      if (conversation !== kept) this.#byKey.delete(conversation.key);
    }
  }
}
