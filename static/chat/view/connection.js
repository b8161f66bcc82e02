import { show } from "./dom.js";
import { Region } from "./region.js";

const QUIET_MS = 1_000; // a connection that comes at once needs no bar
const SECOND_MS = 1_000;

/** <chat-connection>: says when there is no connection and when the next attempt is; nothing while all is well. */
export class ConnectionBar extends Region {
  #state = { name: "closed" };
  #since = 0;
  #timer = null;

  setUp(texts) {
    super.setUp(texts);
    this.part("now").addEventListener("click", () => this.dispatchEvent(new CustomEvent("trynow", { bubbles: true })));
  }

  get state() {
    return this.#state;
  }

  set state(state) {
    const good = ["online", "closed"].includes(state.name);
    if (["online", "closed"].includes(this.#state.name)) this.#since = Date.now();
    this.#state = state;
    this.dataset.state = state.name;
    clearInterval(this.#timer);
    if (!good) this.#timer = setInterval(() => this.#render(), SECOND_MS);
    this.#render();
  }

  retext() {
    super.retext();
    this.#render();
  }

  #render() {
    const { name } = this.#state;
    const words = this.#words();
    show(this.part("text"), words);
    this.part("now").hidden = name !== "waiting";
    this.hidden = words === "";
  }

  #words() {
    const { name, until } = this.#state;
    if (name === "connecting") return Date.now() - this.#since < QUIET_MS ? "" : this.texts.t("connection.connecting");
    if (name !== "waiting") return "";
    const count = Math.max(1, Math.ceil((until - Date.now()) / SECOND_MS));
    return this.texts.t(navigator.onLine ? "connection.waiting" : "connection.offline", { count });
  }
}

customElements.define("chat-connection", ConnectionBar);
