/** What this browser remembers of conversations: unread numbers, the application's extras, the last message. No wire, no DOM. */

export const SINGLE = 3;
export const GROUP = 4;
const MOST_TIMES = 500; // of unread messages; older ones are counted and not told apart
const EXTRAS_BYTES = 512;
const MOST_KEPT = 500; // conversations, the latest

export function singlePlace(appkey, username) {
  return { key: `${appkey}:${username}`, type: SINGLE, appkey, username };
}

export function groupPlace(gid) {
  return { key: `gid:${gid}`, type: GROUP, gid: Number(gid) };
}

/** The conversation of a message, seen by `me`: an own one of a pair is with its target. */
export function placeOf(message, me) {
  if (message.msg_type === GROUP) return groupPlace(message.from_gid);
  const { from_appkey, from_username, content = {} } = message;
  if (isOwn(message, me)) return singlePlace(content.target_appkey ?? me.appkey, content.target_id);
  return singlePlace(from_appkey, from_username);
}

/** The conversation that {type, username, appkey} or {type, gid} names. */
export function namedPlace({ type, gid, appkey, username }) {
  return type === GROUP ? groupPlace(gid) : singlePlace(appkey, username);
}

/** The same as the wire names it. */
export function wireOf({ type, gid, appkey, username }) {
  return type === GROUP ? { type, gid } : { type, appkey, username };
}

export function isOwn({ from_appkey, from_username }, me) {
  return from_username === me.username && from_appkey === me.appkey;
}

export class Conversations {
  #me;
  #all = new Map();
  #underWay = new Map(); // key → how many notes of ours the server has not answered yet
  #current = null; // the one that was read last
  #changed;

  /** `me` = {username, appkey}; `changed()` is told when there is something to save. */
  constructor(me, changed = () => {}) {
    this.#me = me;
    this.#changed = changed;
  }

  /** Begin with what was saved. */
  load(saved) {
    for (const one of saved ?? []) this.#all.set(one.key, { ...one, counted: one.last?.msg_id ?? 0 });
  }

  /** What to save: the latest ones, as plain objects. */
  saved() {
    return [...this.#all.values()].sort((one, other) => other.latest - one.latest).slice(0, MOST_KEPT);
  }

  unread({ key }) {
    return this.#all.get(key)?.unread ?? 0;
  }

  extras({ key }) {
    return this.#all.get(key)?.extras ?? {};
  }

  /** The application's own; whether they may go to other devices: the server keeps 512 bytes. */
  setExtras(place, extras) {
    const staysHere = new TextEncoder().encode(JSON.stringify(extras)).length > EXTRAS_BYTES;
    Object.assign(this.#at(place), { extras, staysHere });
    this.#changed();
    return !staysHere;
  }

  /** What is noted is on its way: until `told` is settled, what the server says of it is older. */
  async noting({ key }, told) {
    this.#underWay.set(key, (this.#underWay.get(key) ?? 0) + 1);
    await Promise.allSettled([told]);
    this.#underWay.set(key, this.#underWay.get(key) - 1);
  }

  /** What another device noted, or this one before. */
  noted(place, extras) {
    const known = this.#all.get(place.key);
    if (!extras || known?.staysHere || this.#underWay.get(place.key)) return;
    if (!known && Object.keys(extras).length === 0) return;
    this.#at(place).extras = extras;
    this.#changed();
  }

  /** A message came while we were looking, or was sent by us. */
  live(message) {
    const conversation = this.#at(placeOf(message, this.#me));
    this.#last(conversation, message);
    if (conversation.key === this.#current) conversation.readAt = Math.max(conversation.readAt, message.ctime_ms);
    else if (!isOwn(message, this.#me)) this.#count(conversation, [message.ctime_ms]);
    this.#changed();
  }

  /** Messages came by sync, oldest first; `isWhole`: they are all there are. The unread number after them. */
  synced(place, msgs, unsyncCount, isWhole) {
    const conversation = this.#at(place);
    const isKnown = conversation.readAt > 0;
    const split = isKnown ? this.#firstUnread(msgs, conversation.readAt) : msgs.length - unsyncCount;
    if (isWhole || (isKnown && msgs.some((message) => isOwn(message, this.#me)))) Object.assign(conversation, { unread: 0, times: [] });
    if (!isKnown && isWhole) conversation.readAt = msgs[split - 1]?.ctime_ms ?? 0;
    // What was counted before the page was loaded may come again: its acknowledgement was cut off.
    const news = msgs.slice(split).filter(({ msg_id: id }) => isWhole || id > conversation.counted);
    this.#count(conversation, news.map(({ ctime_ms: at }) => at)); // prettier-ignore
    if (msgs.length > 0) this.#last(conversation, msgs.at(-1));
    this.#changed();
    return conversation.unread;
  }

  /** The user has read it all, and reads on until another conversation is named. */
  reset(place) {
    const conversation = this.#at(place);
    this.#current = conversation.key;
    Object.assign(conversation, { unread: 0, times: [], readAt: Math.max(conversation.latest, conversation.readAt, 1) });
    this.#changed();
  }

  /** Read on another device up to a moment (ms). Whether that changes the number. */
  readElsewhere(place, at) {
    const conversation = this.#at(place);
    const before = conversation.unread;
    conversation.readAt = Math.max(conversation.readAt, at);
    conversation.times = conversation.times.filter((time) => time > at);
    conversation.unread = conversation.times.length;
    this.#changed();
    return conversation.unread !== before;
  }

  /** Index of the first message that is unread: after the time of reading and after one's own last word. */
  #firstUnread(msgs, readAt) {
    const lastOwn = msgs.findLastIndex((message) => isOwn(message, this.#me));
    const lastRead = msgs.findLastIndex(({ ctime_ms: at }) => at <= readAt);
    return Math.max(lastOwn, lastRead) + 1;
  }

  #count(conversation, times) {
    conversation.unread += times.length;
    conversation.times = [...conversation.times, ...times].slice(-MOST_TIMES);
  }

  #last(conversation, message) {
    if (message.ctime_ms < conversation.latest) return;
    Object.assign(conversation, { latest: message.ctime_ms, last: message });
  }

  #at(place) {
    const empty = { ...place, unread: 0, times: [], readAt: 0, latest: 0, last: null, counted: 0, extras: {} };
    if (!this.#all.has(place.key)) this.#all.set(place.key, empty);
    return this.#all.get(place.key);
  }
}
