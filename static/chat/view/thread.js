import { isComposing } from "../lib/keys.js";
import { explain } from "../lib/reasons.js";
import { dayLabel, daysBetween } from "../lib/time.js";
import { fillAvatar } from "./avatar.js";
import { batched, clone, create, reconcile, show } from "./dom.js";
import { fillMessage, makeMessage } from "./message.js";
import { Region } from "./region.js";
import { Scroller } from "./scroller.js";
import { titleOf } from "./summary.js";

const SAME_AUTHOR_MS = 5 * 60_000; // messages closer than this stand under one name
const NAMES = 30;

/** <chat-thread>: the messages of the open conversation, with the composer below them. */
export class Thread extends Region {
  #chat = null;
  #elements = new Map();
  #scroller = null;
  #conversation = null;
  #newFrom = null; // the seq after which messages were new when the conversation was opened
  #started = false; // has the first page been shown?
  #renderSoon = batched(() => this.#render());

  setUp(texts) {
    super.setUp(texts);
    this.#scroller = new Scroller(this.part("scroll"), this.part("list"), (child) => "key" in child.dataset);
    this.part("scroll").addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.part("older").addEventListener("click", () => this.#chat.older(this.#conversation));
    this.part("again").addEventListener("click", () => this.#chat.reload(this.#conversation));
    this.part("back").addEventListener("click", () => this.dispatchEvent(new CustomEvent("back")));
    this.part("pill").addEventListener("click", () => this.#toEnd());
    this.addEventListener("sent", () => this.#toEnd());
    this.addEventListener("keydown", (event) => this.#key(event));
    for (const type of ["focus", "visibilitychange"]) {
      (type === "focus" ? window : document).addEventListener(type, () => this.#look());
    }
    this.#render();
  }

  set chat(chat) {
    this.#chat = chat;
    this.#show(null);
    chat?.addEventListener("open", ({ detail }) => this.#show(detail));
    chat?.addEventListener("thread", ({ detail }) => detail === this.#conversation && this.#renderSoon());
  }

  /** Days change at midnight. */
  refresh() {
    this.#render();
  }

  retext() {
    super.retext();
    if (this.#scroller) this.#render();
  }

  #show(conversation) {
    this.#conversation = conversation;
    this.#newFrom = conversation?.unread.value ? conversation.unread.readTo : null;
    this.#started = false;
    this.#elements.clear();
    this.part("list").replaceChildren();
    this.part("composer").conversation = { chat: this.#chat, conversation };
    this.#render();
  }

  #render() {
    const conversation = this.#conversation;
    this.part("none").hidden = Boolean(conversation);
    this.part("pane").hidden = !conversation;
    if (!conversation) return;
    this.#renderHead(conversation);
    this.#renderNotes(conversation);
    this.#renderList(conversation);
    this.#renderPill();
    this.part("gone").hidden = !conversation.gone;
    this.part("composer").hidden = conversation.gone;
    this.#look();
  }

  #renderHead(conversation) {
    const title = titleOf(this.texts, conversation);
    this.part("title").textContent = title;
    fillAvatar(this.part("avatar"), conversation.username ?? conversation.key, title);
    show(this.part("subtitle"), this.#subtitle(conversation));
    this.part("subtitle").title = this.part("subtitle").textContent;
    this.part("composer").recipient = title;
  }

  #subtitle({ kind, username, name, members }) {
    if (kind === "single") return name ? username : "";
    if (!members) return "";
    const names = members.slice(0, NAMES).map((member) => member.nickname || member.username);
    const more = members.length > NAMES ? "…" : "";
    const separator = this.texts.language === "zh" ? "、" : ", ";
    return this.texts.t("group.members", { count: members.length, names: names.join(separator) + more });
  }

  #renderNotes({ timeline }) {
    const { texts } = this;
    const { state, items, hasOlder, loadingOlder, error } = timeline;
    const ready = state === "ready";
    const notes = {
      empty: texts.t("thread.loading"),
      loading: texts.t("thread.loading"),
      ready: items.length ? "" : texts.t("thread.empty"),
      failed: `${texts.t("thread.failed")} ${error ? explain(texts, error) : ""}`,
    };
    show(this.part("note"), notes[state]);
    this.part("again").hidden = state !== "failed";
    this.part("older").hidden = !(ready && hasOlder && !loadingOlder);
    const top = loadingOlder ? "thread.loadingOlder" : "thread.start";
    show(this.part("top"), ready && items.length && (loadingOlder || !hasOlder) ? texts.t(top) : "");
  }

  #renderList(conversation) {
    const context = { texts: this.texts, chat: this.#chat, openImage: (address, author) => this.#openImage(address, author) };
    reconcile(this.part("list"), this.#elements, this.#entries(conversation), {
      keyOf: (entry) => entry.key,
      make: (entry) => (entry.message ? makeMessage(entry.message, context) : create("li", entry.className)),
      fill: (element, entry) => {
        if (entry.message) fillMessage(element, entry, context);
        else fillSeparator(element, entry.words);
      },
    });
    if (!this.#started && conversation.timeline.state === "ready") this.#start();
    else this.#scroller.restore();
  }

  /** Messages with what stands between them: days, and the line above what was new once the first of it is loaded. */
  #entries({ timeline, kind }) {
    const entries = [];
    let above = null;
    let marked = this.#newFrom === null || (timeline.hasOlder && timeline.firstSeq > this.#newFrom);
    for (const message of timeline.items) {
      const newDay = !above || daysBetween(above.at, message.at) !== 0;
      if (newDay) {
        const words = dayLabel(message.at, this.texts);
        entries.push({ key: `day ${message.key}`, className: "separator", words });
      }
      const isNew = !marked && message.seq > this.#newFrom && !message.mine;
      if (isNew) {
        marked = true;
        entries.push({ key: "new", className: "separator separator--new", words: this.texts.t("thread.new") });
      }
      const first = newDay || isNew || !follows(above, message);
      entries.push({ key: message.key, message, first, group: kind === "group" });
      above = message;
    }
    return entries;
  }

  #start() {
    this.#started = true;
    const allNew = this.#newFrom === null ? null : this.part("list").firstElementChild;
    this.#scroller.start(this.#elements.get("new") ?? allNew);
  }

  #scrolled() {
    this.#look();
    this.#renderPill();
    if (this.#started && this.#scroller.atTop) this.#chat?.older(this.#conversation);
  }

  /** What is on the screen of a reader who looks at it is read. */
  #look() {
    if (!this.#conversation || !this.#started || !document.hasFocus() || document.visibilityState !== "visible") return;
    const last = this.#scroller.lastVisible((element) => element.dataset.seq > 0);
    if (last) this.#chat.seen(this.#conversation, Number(last.dataset.seq));
  }

  #renderPill() {
    const pill = this.part("pill");
    pill.hidden = !this.#conversation || !this.#started || this.#scroller.atEnd;
    if (pill.hidden) return;
    const count = this.#conversation.unread.value;
    this.part("pill-words").textContent = count ? this.texts.t("thread.newBelow", { count }) : "";
    pill.classList.toggle("pill--new", count > 0);
  }

  #toEnd() {
    this.#scroller.toEnd();
    this.#scrolled();
  }

  #openImage(address, author) {
    this.dispatchEvent(new CustomEvent("image", { detail: { address, author } }));
  }

  #key(event) {
    if (event.key === "Escape" && !isComposing(event)) this.dispatchEvent(new CustomEvent("back"));
    if (event.key === "End" && event.target === this.part("scroll")) this.#toEnd();
  }
}

function follows(above, message) {
  const { author } = message;
  const same = above?.author.username === author.username && above.author.appkey === author.appkey;
  return same && message.at - above.at < SAME_AUTHOR_MS;
}

function fillSeparator(element, words) {
  if (element.dataset.words === words) return;
  element.dataset.words = words;
  const label = clone("t-separator");
  label.textContent = words;
  element.replaceChildren(label);
}

customElements.define("chat-thread", Thread);
