import { Refusal } from "../lib/errors.js";
import { explain } from "../lib/reasons.js";
import { fullTime, rowTime } from "../lib/time.js";
import { fillAvatar } from "./avatar.js";
import { batched, clone, part, reconcile, show } from "./dom.js";
import { Region } from "./region.js";
import { summary, titleOf } from "./summary.js";

const NO_SUCH_USER = 882002;
const MOST = 99; // beyond it the badge says 99+

/** <chat-sidebar>: who one is, the way to start a conversation, and the list of conversations. */
export class Sidebar extends Region {
  #chat = null;
  #rows = new Map();
  #problem = null; // {key, name} or {error}
  #renderSoon = batched(() => this.#render());

  setUp(texts) {
    super.setUp(texts);
    this.part("sign-out").addEventListener("click", () => this.dispatchEvent(new CustomEvent("signout")));
    this.part("start").addEventListener("submit", (event) => this.#start(event));
    this.part("again").addEventListener("click", () => this.#chat.refresh());
    this.part("rows").addEventListener("keydown", (event) => this.#walk(event));
  }

  set chat(chat) {
    this.#chat = chat;
    chat?.addEventListener("list", this.#renderSoon);
    this.#problem = null;
    this.part("start").reset();
    this.#render();
  }

  retext() {
    super.retext();
    this.#render();
  }

  /** Put the focus on the open or the first row. */
  focusRows() {
    const rows = this.part("rows");
    (rows.querySelector("[aria-current]") ?? rows.querySelector("button"))?.focus();
  }

  /** Put the focus on the row of a conversation that was left. */
  focusRow(conversation) {
    const item = this.#rows.get(conversation.key);
    if (item) part(item, "row").focus();
  }

  #render() {
    if (!this.#chat) {
      this.#rows.clear();
      this.part("rows").replaceChildren();
      return;
    }
    const { conversations, me, people } = this.#chat;
    const name = people.nameOf(me);
    this.part("me").textContent = name;
    this.part("me").title = this.texts.t("signedInAs", { name: me.username });
    fillAvatar(this.part("my-avatar"), me.username, name);
    reconcile(this.part("rows"), this.#rows, conversations.list, {
      keyOf: (conversation) => conversation.key,
      make: (conversation) => this.#newRow(conversation),
      fill: (element, conversation) => this.#fillRow(element, conversation),
    });
    this.#renderNote(conversations);
    this.#renderProblem();
  }

  #newRow(conversation) {
    const item = clone("t-row");
    part(item, "row").addEventListener("click", () => this.#open(conversation.key));
    return item;
  }

  /** By key: the row may stand for a conversation that was made anew. */
  #open(key) {
    const conversation = this.#chat.conversations.find(key);
    if (conversation) this.#chat.open(conversation);
  }

  #fillRow(item, conversation) {
    const { texts } = this;
    const title = titleOf(texts, conversation);
    const unread = conversation.unread.value;
    const row = part(item, "row");
    row.classList.toggle("row--unread", unread > 0);
    if (conversation === this.#chat.current) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
    fillAvatar(part(item, "avatar"), conversation.username ?? conversation.key, title);
    part(item, "title").textContent = title;
    part(item, "preview").textContent = this.#preview(conversation);
    show(part(item, "unread"), unread > MOST ? `${MOST}+` : unread ? String(unread) : "");
    part(item, "unread-words").textContent = unread ? texts.t("list.unread", { count: unread }) : "";
    this.#fillTime(part(item, "time"), conversation.at);
    part(item, "state").dataset.state = conversation.lastMessage?.status ?? "sent";
  }

  #fillTime(element, at) {
    element.textContent = at ? rowTime(at, this.texts) : "";
    element.dateTime = at ? new Date(at).toISOString() : "";
    element.title = at ? fullTime(at, this.texts.locale) : "";
  }

  #preview({ lastMessage, kind }) {
    if (!lastMessage) return "";
    const text = summary(this.texts, lastMessage);
    if (lastMessage.retracted) return text;
    if (lastMessage.mine) return this.texts.t("list.you", { text });
    if (kind === "single") return text;
    return this.texts.t("message.announce", { name: this.#chat.people.nameOf(lastMessage.author), text });
  }

  #renderNote({ state, list }) {
    const { texts } = this;
    const words = {
      loading: list.length ? "" : texts.t("list.loading"),
      ready: list.length ? "" : texts.t("list.empty"),
      failed: texts.t("list.failed"),
    };
    show(this.part("note"), words[state]);
    this.part("again").hidden = state !== "failed";
  }

  #renderProblem() {
    const problem = this.#problem;
    const words = problem?.key ? this.texts.t(problem.key, problem) : problem && explain(this.texts, problem.error);
    show(this.part("start-problem"), words ?? "");
  }

  async #start(event) {
    event.preventDefault();
    const input = this.part("start").elements.username;
    const name = input.value.trim();
    if (!name) return;
    this.#problem = await this.#tryToOpen(name);
    this.#renderProblem();
    if (this.#problem) input.select();
    else input.value = "";
  }

  /** What went wrong, or null. */
  async #tryToOpen(name) {
    if (name === this.#chat.me.username) return { key: "start.self" };
    try {
      await this.#chat.openUser(name);
      return null;
    } catch (error) {
      const unknown = error instanceof Refusal && error.code === NO_SUCH_USER;
      return unknown ? { key: "start.unknown", name } : { error };
    }
  }

  /** Arrow keys walk through the rows. */
  #walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...this.part("rows").querySelectorAll("button")];
    const next = buttons[buttons.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

customElements.define("chat-sidebar", Sidebar);
