import { Cache } from "../core/cache.js";
import { Sync } from "../core/sync.js";
import { Conversations, GROUP, groupPlace, namedPlace, SINGLE, singlePlace } from "./conversations.js";
import { READ_ELSEWHERE, toEvent, toMessage } from "./events.js";

/**
 * One login of one user: what is pushed meanwhile, what was missed, what is remembered. `tell(listener, data)` calls
 * the application's listener of that name.
 */
export class Stay {
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
