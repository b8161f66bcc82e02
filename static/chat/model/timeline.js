/**
 * The messages of one conversation as far as this page has them: those of the server in the order of `seq`, then
 * what is not sent yet. A message is here once, however often and in whatever order it is told.
 *
 * Between `firstSeq` and `syncedTo` nothing is missing; what stands above came ahead of a hole. No DOM, no socket.
 */
export class Timeline {
  #items = [];
  #byId = new Map();
  #echoes = new Map(); // unsent messages by stamp
  #arrivals = 0;

  /** "empty" (nothing asked yet), "loading", "ready" or "failed". */
  state = "empty";
  error = null;
  hasOlder = false;
  loadingOlder = false;
  syncedTo = 0;

  get items() {
    return this.#items;
  }

  get last() {
    return this.#items.at(-1);
  }

  get firstSeq() {
    return this.#items.find((message) => message.seq)?.seq ?? 0;
  }

  get lastSeq() {
    return this.#items.findLast((message) => message.seq)?.seq ?? 0;
  }

  /** Something newer is here, but not all that lies between. */
  get hasHole() {
    return this.lastSeq > this.syncedTo;
  }

  find(id) {
    return this.#byId.get(id);
  }

  /** Messages of others after `seq`. */
  unreadAfter(seq) {
    return this.#items.filter((message) => message.seq > seq && !message.mine && !message.retracted).length;
  }

  /** A message of the server, new or known. Returns the one that is kept here. */
  add(message) {
    const known = this.#byId.get(message.id);
    if (known) return this.#update(known, message);
    const echo = message.mine && this.#echoes.get(message.stamp);
    if (echo) return this.confirm(echo, message);
    const item = { key: `m${message.id}`, revision: 0, ...message };
    this.#byId.set(item.id, item);
    this.#place(item);
    this.#advance();
    return item;
  }

  /** A message of one's own that is on its way. */
  addEcho(message) {
    this.#echoes.set(message.stamp, message);
    this.#place(message);
    return message;
  }

  /** The server has it: the echo becomes the message, in its place, under the same key. */
  confirm(echo, { id, seq, at }) {
    const known = this.#byId.get(id);
    if (known && known !== echo) this.#take(known);
    this.#echoes.delete(echo.stamp);
    this.#take(echo);
    Object.assign(echo, { id, seq, at, status: "sent", error: null, revision: echo.revision + 1 });
    this.#byId.set(id, echo);
    this.#place(echo);
    this.#advance();
    return echo;
  }

  /** Forget a message that was never sent. */
  discard(echo) {
    this.#echoes.delete(echo.stamp);
    this.#take(echo);
  }

  /** Take back messages by id; returns those that were here. */
  retract(ids) {
    const found = ids.map((id) => this.#byId.get(id)).filter((message) => message && !message.retracted);
    for (const message of found) {
      Object.assign(message, { retracted: true, body: null, revision: message.revision + 1 });
    }
    return found;
  }

  /** Nothing is missing up to `seq`. */
  sync(seq) {
    this.syncedTo = Math.max(this.syncedTo, seq);
    this.#advance();
  }

  #update(known, message) {
    if (message.retracted && !known.retracted) this.retract([message.id]);
    return known;
  }

  #advance() {
    if (this.state !== "ready") return;
    for (const { seq } of this.#items) if (seq === this.syncedTo + 1) this.syncedTo = seq;
  }

  #take(message) {
    const index = this.#items.indexOf(message);
    if (index >= 0) this.#items.splice(index, 1);
  }

  /** Insert by seq; what has none stays behind what was last when it arrived; unsent ones come last of all. */
  #place(message) {
    this.#arrivals += 1;
    message.arrival ??= this.#arrivals;
    if (message.status !== "sent") message.position = Infinity;
    else message.position = message.seq || this.lastSeq;
    let index = this.#items.length;
    while (index > 0 && comesBefore(message, this.#items[index - 1])) index -= 1;
    this.#items.splice(index, 0, message);
  }
}

function comesBefore(one, other) {
  if (one.position !== other.position) return one.position < other.position;
  if (Boolean(one.seq) !== Boolean(other.seq)) return Boolean(one.seq);
  return one.arrival < other.arrival;
}
