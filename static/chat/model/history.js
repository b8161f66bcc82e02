import { Lost, NoAnswer, Refusal } from "../lib/errors.js";
import { readMessage, target } from "./wire.js";

const PAGE = 30;
const LONGEST_PAGE = 100;
const CONTEXT = 10; // read messages shown above the first unread one

/** Fetches what timelines lack: the last page, older pages, and all that came while one was away. */
export class History {
  #me;
  #ask;
  #changed;
  #catchingUp = new Set();

  /** `changed(conversation)` is told whenever a timeline has changed. */
  constructor({ me, ask, changed }) {
    this.#me = me;
    this.#ask = ask;
    this.#changed = changed;
  }

  /** The newest page of a conversation that was not opened before, long enough to hold what is unread. */
  async load(conversation) {
    const { timeline, unread } = conversation;
    if (timeline.state === "loading" || timeline.state === "ready") return;
    this.#become(conversation, "loading");
    const known = conversation.lastSeq;
    try {
      const limit = Math.min(LONGEST_PAGE, Math.max(PAGE, unread.value + CONTEXT));
      const page = await this.#page(conversation, { limit });
      timeline.hasOlder = page.hasMore;
      timeline.state = "ready";
      timeline.sync(Math.max(known, page.lastSeq));
      this.#changed(conversation);
    } catch (error) {
      this.#notLoaded(conversation, error);
      return;
    }
    await this.catchUp(conversation);
  }

  /** One more page at the top. */
  async older(conversation) {
    const { timeline } = conversation;
    if (timeline.state !== "ready" || !timeline.hasOlder || timeline.loadingOlder) return;
    timeline.loadingOlder = true;
    this.#changed(conversation);
    try {
      const page = await this.#page(conversation, { before: timeline.firstSeq, limit: PAGE });
      timeline.hasOlder = page.hasMore;
    } catch (error) {
      expected(error); // scrolling up asks again
    } finally {
      timeline.loadingOlder = false;
      this.#changed(conversation);
    }
  }

  /** Page by page all that is newer than what is here, until nothing is missing. */
  async catchUp(conversation) {
    const { timeline } = conversation;
    if (this.#catchingUp.has(conversation)) return;
    this.#catchingUp.add(conversation);
    try {
      while (timeline.state === "ready" && isBehind(conversation)) await this.#nextPage(conversation);
    } catch (error) {
      expected(error); // the next login or message asks again
    } finally {
      this.#catchingUp.delete(conversation);
    }
  }

  /** Read the newest messages once more: some may have been taken back while one was away. */
  async revise(conversation) {
    const { timeline } = conversation;
    if (timeline.state !== "ready") return;
    const first = timeline.firstSeq;
    try {
      const page = await this.#page(conversation, { limit: LONGEST_PAGE });
      if (!first || page.firstSeq < first) timeline.hasOlder = page.hasMore;
      this.#changed(conversation);
    } catch (error) {
      expected(error); // the next login revises again
    }
  }

  async #nextPage(conversation) {
    const { timeline } = conversation;
    const known = Math.max(conversation.lastSeq, timeline.lastSeq);
    const page = await this.#page(conversation, { after: timeline.syncedTo, limit: LONGEST_PAGE });
    timeline.sync(page.hasMore ? page.lastSeq : Math.max(known, page.lastSeq));
    this.#changed(conversation);
  }

  async #page(conversation, range) {
    const answer = await this.#ask("get_messages", { ...target(conversation), ...range });
    const messages = answer.messages.map((wire) => readMessage(wire, this.#me));
    for (const message of messages) conversation.timeline.add(message);
    const [firstSeq, lastSeq] = [messages[0]?.seq ?? 0, messages.at(-1)?.seq ?? 0];
    return { hasMore: answer.has_more && messages.length > 0, firstSeq, lastSeq };
  }

  #become(conversation, state, error = null) {
    Object.assign(conversation.timeline, { state, error });
    this.#changed(conversation);
  }

  #notLoaded(conversation, error) {
    expected(error);
    if (error instanceof Lost) this.#become(conversation, "empty");
    else this.#become(conversation, "failed", error);
  }
}

function isBehind({ timeline, lastSeq }) {
  return timeline.hasHole || lastSeq > timeline.syncedTo;
}

/** Only what servers and networks do is expected; a mistake of this page must show up as one. */
function expected(error) {
  if (!(error instanceof Lost || error instanceof NoAnswer || error instanceof Refusal)) throw error;
}
