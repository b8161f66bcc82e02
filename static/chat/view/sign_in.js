import { explain } from "../lib/reasons.js";
import { show } from "./dom.js";
import { Region } from "./region.js";

const REASONS = {
  kicked: "signIn.kicked",
  disabled: "signIn.disabled",
  deleted: "signIn.deleted",
  password: "signIn.passwordChanged",
  unreachable: "signIn.unreachable",
};

/** <chat-sign-in>: the form. Fires "signin" with {username, password}; the password is not kept in the page. */
export class SignIn extends Region {
  #problem = null; // {reason, error}
  #busy = false;

  setUp(texts) {
    super.setUp(texts);
    this.part("form").addEventListener("submit", (event) => this.#submit(event));
  }

  set busy(busy) {
    this.#busy = busy;
    this.part("submit").disabled = busy;
    this.#render();
  }

  /** Why the form is shown: {reason, error} of Session's "ended", or null. */
  set problem(problem) {
    this.#problem = problem;
    this.#render();
  }

  get words() {
    if (!this.#problem) return "";
    const { reason, error } = this.#problem;
    if (reason === "missing") return this.texts.t("signIn.missing");
    return reason in REASONS ? this.texts.t(REASONS[reason]) : explain(this.texts, error);
  }

  focusFirst() {
    const { username, password } = this.part("form").elements;
    (username.value ? password : username).focus();
  }

  retext() {
    super.retext();
    this.#render();
  }

  #submit(event) {
    event.preventDefault();
    if (this.#busy) return;
    const { username, password } = this.part("form").elements;
    const detail = { username: username.value.trim(), password: password.value };
    this.problem = detail.username && detail.password ? null : { reason: "missing" };
    if (this.#problem) return this.focusFirst();
    password.value = "";
    this.dispatchEvent(new CustomEvent("signin", { detail }));
  }

  #render() {
    show(this.part("problem"), this.words);
    this.part("submit").textContent = this.texts.t(this.#busy ? "signIn.busy" : "signIn.submit");
  }
}

customElements.define("chat-sign-in", SignIn);
