import { Timeline } from "./timeline.js";
import { Unread } from "./unread.js";

/** One conversation: its row in the list and, once it was opened, its messages. */
export class Conversation {
  timeline = new Timeline();
  unread = new Unread();
  name = "";
  avatar = "";
  lastSeq = 0;
  members = null; // of a group, once asked: [{username, appkey, nickname}]
  gone = false; // a group that one was removed from
  #lastMessage = null;
  #at = 0;

  /** `place` = {kind, key, username, appkey} or {kind, key, gid}. */
  constructor(place) {
    Object.assign(this, place);
  }

  get title() {
    return this.name || this.username || "";
  }

  /** The message that the list shows, an unsent one of one's own included. */
  get lastMessage() {
    const local = this.timeline.last;
    if (local && (local.status !== "sent" || local.at >= (this.#lastMessage?.at ?? 0))) return local;
    return this.#lastMessage;
  }

  /** When something last happened, in ms. */
  get at() {
    return Math.max(this.#at, this.lastMessage?.at ?? 0);
  }

  /** What the server says of it in a list. */
  describe({ name, avatar, at, lastSeq, readSeq, unread, lastMessage }) {
    this.name = name || this.name;
    this.avatar = avatar ?? this.avatar;
    this.#at = Math.max(this.#at, at);
    this.gone = false;
    this.unread.counted({ unread, lastSeq, readSeq });
    if (lastMessage && lastMessage.at >= (this.#lastMessage?.at ?? 0)) this.#lastMessage = lastMessage;
    this.lastSeq = Math.max(this.lastSeq, lastSeq);
  }

  /** A message came. True when it did not follow the last one known, so that others may be missing. */
  arrived(message) {
    const skipped = message.seq > this.lastSeq + 1;
    if (message.seq) {
      this.unread.arrived(message.seq, message.mine);
      this.lastSeq = Math.max(this.lastSeq, message.seq);
    }
    if (message.at >= (this.#lastMessage?.at ?? 0)) this.#lastMessage = message;
    return skipped;
  }

  /** Read up to `seq`: what is known to have come after it is what remains unread. */
  readUpTo(seq) {
    const { timeline, unread } = this;
    unread.read(seq, { left: timeline.unreadAfter(seq), lastSeq: timeline.lastSeq });
  }

  retract(ids) {
    const last = this.#lastMessage;
    if (last && ids.includes(last.id)) this.#lastMessage = { ...last, retracted: true, body: null };
    return this.timeline.retract(ids);
  }
}
