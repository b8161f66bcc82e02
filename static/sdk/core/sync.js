const CHECK_EVERY_MS = 150_000;
const PAGE = 100;
const PAGES = 10;
const SEEN = 5_000;
const ACKNOWLEDGED = new Set(["sync_conversation", "sync_event", "sync_receipt"]);

/**
 * What makes one stay whole: the positions up to which the server's messages, events and receipts have come, and the
 * way back to them after a loss. Every message is let through once.
 */
export class Sync {
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
