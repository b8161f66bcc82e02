import { Lost, Refusal } from "../../../static/chat/lib/errors.js";
import { GROUP, SINGLE } from "../../../static/chat/model/wire.js";

export const ME = { username: "alice", appkey: "K" };

/** A server that keeps messages by conversation, with a line that may be cut and replies that may be lost. */
export class FakeServer {
  isOnline = true;
  log = [];
  told = [];
  refuse = new Map(); // event → code
  hold = new Set(); // events whose answers wait for `release()`
  loseReplies = false;
  groups = [];
  uploads = [];
  #threads = new Map(); // name of the peer or gid → {messages, readSeq, unread}
  #byClientId = new Map();
  #held = [];
  #ids = 1000;

  thread(name) {
    if (!this.#threads.has(name)) this.#threads.set(name, { messages: [], readSeq: 0 });
    return this.#threads.get(name);
  }

  /** A message enters the conversation; returns its wire form. */
  store(name, { from = name, text = "", stamp = 0, seq, gid = 0, state = "kept", content = {} } = {}) {
    const thread = this.thread(name);
    const id = (this.#ids += 1);
    const wire = {
      msg_id: id,
      msg_type: gid ? GROUP : SINGLE,
      from_uid: 1,
      from_gid: gid,
      from_appkey: "K",
      from_username: from,
      ctime_ms: id * 1000,
      seq: seq ?? thread.messages.length + 1,
      conversation_id: 1,
      state,
      content: {
        from_id: from,
        from_appkey: "K",
        target_id: gid ? String(gid) : from === ME.username ? name : ME.username,
        target_appkey: "K",
        create_time: stamp,
        msg_type: "text",
        msg_body: { text },
        ...content,
      },
    };
    if (wire.seq) thread.messages.push(wire);
    return wire;
  }

  fill(name, count, options = {}) {
    for (let i = 1; i <= count; i += 1) this.store(name, { text: `${name} ${i}`, ...options });
  }

  ask(event, data) {
    this.log.push({ event, data });
    if (!this.isOnline) return Promise.reject(new Lost());
    if (this.refuse.has(event)) return Promise.reject(new Refusal(this.refuse.get(event)));
    const answer = structuredClone(this[event](data));
    if (this.loseReplies) return new Promise((_, reject) => this.#held.push({ fail: () => reject(new Lost()) }));
    if (!this.hold.has(event)) return Promise.resolve(answer);
    return new Promise((resolve, reject) =>
      this.#held.push({ go: () => resolve(answer), fail: () => reject(new Lost()) }),
    );
  }

  tell(event, data) {
    this.told.push({ event, data });
  }

  async upload(file, { onProgress }) {
    this.uploads.push(file);
    if (!this.isOnline) throw new Lost();
    onProgress(0.5);
    return { media_id: `image/${this.uploads.length}`, media_crc32: 1, width: 4, height: 3 };
  }

  release() {
    for (const { go } of this.#held.splice(0)) go();
  }

  cut() {
    this.isOnline = false;
    for (const { fail } of this.#held.splice(0)) fail();
  }

  asked(event) {
    return this.log.filter((entry) => entry.event === event);
  }

  list_conversations() {
    const conversations = [...this.#threads].map(([name, { messages, readSeq }]) => ({
      ...(typeof name === "number" ? { type: GROUP, gid: name, key: name, name: `Group ${name}` } : {}),
      ...(typeof name === "string" ? { type: SINGLE, key: 1, username: name, appkey: "K", nickname: name } : {}),
      avatar: "",
      last_seq: messages.length,
      read_seq: readSeq,
      unread_count: messages.filter((m) => m.seq > readSeq && m.from_username !== ME.username && m.state === "kept").length,
      mtime: messages.at(-1)?.ctime_ms ?? 0,
      last_message: messages.at(-1) ?? null,
    }));
    return { conversations };
  }

  get_groups_list() {
    return { group_list: this.groups };
  }

  get_messages({ username, gid, before, after, limit = 30 }) {
    const all = this.thread(username ?? gid).messages;
    const range = all.filter((m) => (before === undefined || m.seq < before) && (after === undefined || m.seq > after));
    const messages = after === undefined ? range.slice(-limit) : range.slice(0, limit);
    return { messages, has_more: range.length > messages.length };
  }

  mark_read({ username, gid, seq }) {
    const thread = this.thread(username ?? gid);
    thread.readSeq = Math.max(thread.readSeq, seq);
    return { unread_count: 0 };
  }

  get_across_user_info({ username, appkey }) {
    if (username === "nobody") throw new Refusal(882002);
    return { user_info: { username, appkey, nickname: username.toUpperCase() } };
  }

  get_group_members() {
    return { member_list: [{ username: "alice", appkey: "K", nickname: "Alice" }] };
  }

  get_resource({ media_id }) {
    return { url: `/media/${media_id}` };
  }

  s_across_single_text(data) {
    return this.#take(data.target_id, data, 0);
  }

  send_group_msg(data) {
    return this.#take(Number(data.target_gid), data, Number(data.target_gid));
  }

  #take(name, { client_id, content }, gid) {
    if (!this.#byClientId.has(client_id)) {
      const text = content.msg_body.text;
      const wire = this.store(name, { from: ME.username, text, stamp: content.create_time, gid, content });
      this.thread(name).readSeq = wire.seq;
      this.#byClientId.set(client_id, { msg_id: wire.msg_id, ctime_ms: wire.ctime_ms, seq: wire.seq });
    }
    return this.#byClientId.get(client_id);
  }
}
