/**
 * How many messages of others one has not read in a conversation, from the server's last count and what came
 * since. Every fact is tied to its seq, so that it does not matter in which order counts and pushes arrive.
 */
export class Unread {
  #count = 0;
  #countedTo = 0; // the seq up to which #count is complete
  #since = new Map(); // seq → mine, of what came after
  #readTo = 0;

  get readTo() {
    return this.#readTo;
  }

  get value() {
    let count = this.#count;
    for (const [seq, mine] of this.#since) if (!mine && seq > this.#readTo) count += 1;
    return count;
  }

  /** The server's count of all up to `lastSeq`. Ignored when it does not know yet what was read here. */
  counted({ unread, lastSeq, readSeq }) {
    if (readSeq < this.#readTo || lastSeq < this.#countedTo) return;
    this.#rebase(unread, lastSeq, readSeq);
  }

  arrived(seq, mine) {
    if (seq > this.#countedTo) this.#since.set(seq, mine);
  }

  /** Read up to `seq`; `left` of those counted up to `lastSeq` came later and are not read. */
  read(seq, { left = 0, lastSeq = seq } = {}) {
    if (seq <= this.#readTo) return;
    this.#rebase(left, Math.max(lastSeq, seq), seq);
  }

  #rebase(count, countedTo, readTo) {
    this.#count = count;
    this.#countedTo = countedTo;
    this.#readTo = readTo;
    for (const seq of [...this.#since.keys()]) if (seq <= countedTo) this.#since.delete(seq);
  }
}
