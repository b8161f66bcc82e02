import { LANGUAGES } from "../lib/i18n.js";
import { Region } from "./region.js";

/** <chat-language>: the choice of the page's language. */
export class Language extends Region {
  setUp(texts) {
    const select = this.part("select");
    select.replaceChildren(...LANGUAGES.map((language) => new Option(texts.t(`language.${language}`), language)));
    select.addEventListener("change", () => texts.use(select.value));
    super.setUp(texts);
  }

  retext() {
    super.retext();
    this.part("select").value = this.texts.language;
  }
}

customElements.define("chat-language", Language);
