import { fillTexts, part } from "./dom.js";

/** A part of the page: finds its children by data-part, and is written anew when the language changes. */
export class Region extends HTMLElement {
  texts = null;

  part(name) {
    return part(this, name);
  }

  /** Called once by main.js, before anything else. */
  setUp(texts) {
    this.texts = texts;
    texts.addEventListener("change", () => this.retext());
    this.retext();
  }

  /** The words have changed. Regions with words of their own extend it. */
  retext() {
    fillTexts(this, this.texts);
  }
}
