const AFTER_MS = 50; // the same words twice are spoken twice only if they were gone in between

/** The page's one polite live region. */
export class Announcer {
  #element;

  constructor(element) {
    this.#element = element;
  }

  say(words) {
    this.#element.textContent = "";
    setTimeout(() => (this.#element.textContent = words), AFTER_MS);
  }
}
