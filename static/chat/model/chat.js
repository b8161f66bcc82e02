import { Lost, NoAnswer, Refusal } from "../lib/errors.js";
import { utf8Length } from "../lib/sizes.js";
import { Conversations } from "./conversations.js";
import { History } from "./history.js";
import { Media } from "./media.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Reading } from "./reading.js";
import { content, GROUP, groupPlace, placeOf, readMessage, readPlace, singlePlace } from "./wire.js";

const REFRESH_SOON_MS = 400;
const RETRACTED = 55;
const READ_ELSEWHERE = 200;
const GROUP_EVENTS = new Set([8, 9, 10, 11, 12, 65, 80, 82, 83]);

/**
 * All that one user sees and does. The truth is on the server: pushes are hints that are believed as far as
 * their numbers follow on; wherever something is missing, it is asked for. No DOM, no socket.
 *
 * Fires "list" (rows or their order), "thread" with a conversation whose messages changed, "open" when another
 * conversation was opened or closed, "arrived" with {conversation, message} for each new message of others, and
 * "failed" with the same for each of one's own that was not sent.
 */
export class Chat extends EventTarget {
  conversations = new Conversations();
  people = new People();
  current = null;
  #server;
  #contentBytes;
  #refreshing = null;
  #refreshAgain = false;
  #refreshTimer = null;

  /** `me` = {username, appkey}; `server` = {isOnline, ask, tell, upload}; `contentBytes` = the server's limit. */
  constructor({ me, server, contentBytes = 7_168 }) {
    super();
    this.#contentBytes = contentBytes;
    const ask = (name, data) => server.ask(name, data);
    this.me = me;
    this.#server = server;
    this.media = new Media(ask);
    this.reading = new Reading(ask);
    this.history = new History({ me, ask, changed: (conversation) => this.#threadChanged(conversation) });
    this.outbox = new Outbox({ me, server, changed: (conversation, message) => this.#sending(conversation, message) });
  }

  /** Logged in, for the first time or again. What waits goes out first: its answers must come before the pages. */
  async ready() {
    this.outbox.flush();
    this.reading.flush();
    this.#learnMyName();
    await this.refresh();
    if (this.current) await this.#bringUpToDate(this.current);
  }

  /** A push of the server. */
  pushed(name, data) {
    if (name === "msg_sync") for (const wire of data.messages) this.#messageCame(wire);
    else if (name === "event_notification") this.#eventCame(data);
  }

  /** Ask for the list of conversations and groups, and for all that loaded timelines lack by it. */
  refresh() {
    clearTimeout(this.#refreshTimer);
    this.#refreshTimer = null;
    this.#refreshAgain = this.#refreshing !== null; // what changed since may not be in the answer under way
    this.#refreshing ??= this.#refresh().finally(() => this.#refreshed());
    return this.#refreshing;
  }

  /** Begin or go on with the conversation with a user. Rejects with Refusal 882002 when there is none. */
  async openUser(username) {
    const answer = await this.#server.ask("get_across_user_info", { username, appkey: this.me.appkey });
    const info = answer.user_info;
    this.people.learn(info);
    const conversation = this.conversations.at(singlePlace(info.appkey, info.username));
    conversation.name ||= info.nickname;
    this.open(conversation);
  }

  open(conversation) {
    if (this.current === conversation) return;
    const left = this.current;
    this.current = conversation;
    if (left?.gone) this.conversations.dropGroupsBut(this.#groupKeys(), null);
    this.#fire("open", conversation);
    this.#fire("list");
    if (conversation) this.#bringUpToDate(conversation);
  }

  older(conversation) {
    return this.history.older(conversation);
  }

  reload(conversation) {
    return this.history.load(conversation);
  }

  /** Does the text fit into one message? The server counts its content as compact JSON. */
  fits(conversation, text) {
    const message = { stamp: Date.now(), kind: "text", body: { text } };
    const json = JSON.stringify(content(conversation, message, this.me));
    return utf8Length(json) <= this.#contentBytes;
  }

  sendText(conversation, text) {
    return this.#send(conversation, { kind: "text", body: { text } });
  }

  /** `preview` is an address to show it by while it is on its way. */
  sendImage(conversation, { file, preview, width, height }) {
    return this.#send(conversation, { kind: "image", file, preview, width, height });
  }

  retry(message) {
    this.outbox.retry(message);
  }

  discard(message) {
    this.outbox.discard(message);
  }

  /** All up to `seq` was on the screen of a reader who was looking. */
  seen(conversation, seq) {
    if (this.reading.seen(conversation, seq)) this.#fire("list");
  }

  /** The page may be gone in a moment: tell now what would be told soon. */
  leaving() {
    this.reading.flush();
  }

  #send(conversation, draft) {
    const message = this.outbox.send(conversation, draft);
    this.#threadChanged(conversation);
    return message;
  }

  async #bringUpToDate(conversation) {
    const { timeline } = conversation;
    if (conversation.kind === "group" && !conversation.members) this.#loadMembers(conversation);
    if (timeline.state !== "ready") return this.history.load(conversation);
    await this.history.catchUp(conversation);
    return this.history.revise(conversation);
  }

  async #refresh() {
    try {
      const [rows, groups] = await Promise.all([
        this.#server.ask("list_conversations", {}),
        this.#server.ask("get_groups_list", {}),
      ]);
      for (const group of groups.group_list) this.#describeGroup(group);
      for (const row of rows.conversations) this.#describeRow(row);
      this.conversations.dropGroupsBut(new Set(groups.group_list.map(({ gid }) => groupPlace(gid).key)), this.current);
      this.conversations.state = "ready";
    } catch (error) {
      this.#notRefreshed(error);
      return;
    } finally {
      this.#fire("list");
      if (this.current) this.#fire("thread", this.current); // its name may be another now
    }
    for (const conversation of this.conversations.all) this.history.catchUp(conversation);
  }

  #refreshed() {
    this.#refreshing = null;
    if (this.#refreshAgain) this.#refreshSoon();
  }

  #notRefreshed(error) {
    if (error instanceof Lost) return; // the next login asks again
    if (!(error instanceof NoAnswer || error instanceof Refusal)) throw error;
    if (this.conversations.state !== "ready") Object.assign(this.conversations, { state: "failed", error });
  }

  #describeRow(row) {
    if (row.type !== GROUP) this.people.learn(row);
    this.conversations.at(readPlace(row)).describe({
      name: row.type === GROUP ? row.name : row.nickname,
      avatar: row.avatar,
      at: row.mtime,
      lastSeq: row.last_seq,
      readSeq: row.read_seq,
      unread: row.unread_count,
      lastMessage: row.last_message && readMessage(row.last_message, this.me),
    });
  }

  #describeGroup({ gid, name, avatar, ctime }) {
    const conversation = this.conversations.at(groupPlace(gid));
    conversation.describe({ name, avatar, at: ctime * 1000, lastSeq: 0, readSeq: 0, unread: 0, lastMessage: null });
  }

  #messageCame(wire) {
    const { msg_id, msg_type, from_uid, from_gid } = wire;
    this.#server.tell("msg_recv_v2", { msg_id, msg_type, from_uid, from_gid });
    const place = placeOf(wire, this.me);
    const isNew = !this.conversations.find(place.key);
    const conversation = this.conversations.at(place);
    const message = readMessage(wire, this.me);
    if (this.#isKnown(conversation, message)) return;
    const skipped = conversation.arrived(message);
    if (conversation.kind === "single" && !message.mine) conversation.name ||= message.author.name;
    this.#intoTimeline(conversation, message);
    if (message.mine && !message.fromServer && message.seq) conversation.readUpTo(message.seq);
    if (isNew || skipped) this.#refreshSoon();
    this.#threadChanged(conversation);
    if (!message.mine) this.#fire("arrived", { conversation, message });
  }

  #isKnown({ timeline, lastSeq }, message) {
    return Boolean(timeline.find(message.id)) || (message.seq > 0 && message.seq <= lastSeq && timeline.state === "empty");
  }

  #intoTimeline(conversation, message) {
    const { timeline } = conversation;
    if (timeline.state !== "ready" && timeline.state !== "loading") return; // the first page will bring it
    timeline.add(message);
    if (timeline.hasHole) this.history.catchUp(conversation);
  }

  #eventCame(event) {
    if (event.event_type === RETRACTED) this.#retracted(event.msg_ids ?? []);
    if (event.event_type === RETRACTED || event.event_type === READ_ELSEWHERE) this.#refreshSoon();
    if (GROUP_EVENTS.has(event.event_type)) this.#groupChanged(event.gid);
  }

  #retracted(ids) {
    for (const conversation of this.conversations.all) {
      if (conversation.retract(ids).length > 0) this.#threadChanged(conversation);
    }
  }

  #groupChanged(gid) {
    const conversation = this.conversations.find(groupPlace(gid).key);
    if (conversation?.members) this.#loadMembers(conversation);
    this.#refreshSoon();
  }

  /** A step of a message that is being sent. One's own message also marks what stands above it as read. */
  #sending(conversation, message) {
    if (message.status === "sent" && message.seq) {
      const skipped = conversation.arrived(message);
      conversation.readUpTo(message.seq);
      if (skipped) this.history.catchUp(conversation);
    }
    this.#threadChanged(conversation);
    if (message.status === "failed") this.#fire("failed", { conversation, message });
  }

  async #loadMembers(conversation) {
    const answer = await this.#unless(this.#server.ask("get_group_members", { gid: conversation.gid }));
    if (!answer) return;
    conversation.members = answer.member_list;
    for (const member of answer.member_list) this.people.learn(member);
    this.#threadChanged(conversation);
  }

  async #learnMyName() {
    const { username, appkey } = this.me;
    const answer = await this.#unless(this.#server.ask("get_across_user_info", { username, appkey }));
    if (!answer) return;
    this.people.learn(answer.user_info);
    this.#fire("list");
  }

  /** What merely decorates may fail: the page then shows usernames. */
  async #unless(promise) {
    try {
      return await promise;
    } catch (error) {
      if (error instanceof Lost || error instanceof NoAnswer || error instanceof Refusal) return null;
      throw error;
    }
  }

  #groupKeys() {
    return new Set([...this.conversations.all].filter(({ gone }) => !gone).map(({ key }) => key));
  }

  #refreshSoon() {
    this.#refreshTimer ??= setTimeout(() => this.refresh(), REFRESH_SOON_MS);
  }

  #threadChanged(conversation) {
    this.#fire("thread", conversation);
    this.#fire("list");
  }

  #fire(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
