const NEAR = 60; // pixels that still count as the end, or as the top

/**
 * Keeps a scrolled list where its reader is: at the end it stays at the end; above it, what is read does not move
 * when messages are added above or below, or grow.
 */
export class Scroller {
  #box;
  #list;
  #holds;
  #atEnd = true;
  #anchor = null; // {element, top}
  #seenTop = 0; // where the box stood when that was noted

  /** `holds(child)`: may the reader's place be tied to this child? To one that stays where it is in the list. */
  constructor(box, list, holds) {
    this.#box = box;
    this.#list = list;
    this.#holds = holds;
    box.addEventListener("scroll", () => this.#remember(), { passive: true });
    new ResizeObserver(() => this.restore()).observe(box);
    new ResizeObserver(() => this.restore()).observe(list);
  }

  get atEnd() {
    return this.#atEnd;
  }

  get atTop() {
    return this.#box.scrollTop < NEAR * 3;
  }

  /** Another conversation is shown: begin at the end, or with `element` near the top. */
  start(element = null) {
    this.#atEnd = !element;
    this.#anchor = null;
    if (element) this.#box.scrollTop = element.offsetTop - NEAR;
    this.#seenTop = this.#box.scrollTop;
    this.restore();
    this.#remember();
  }

  toEnd() {
    this.#atEnd = true;
    this.#seenTop = this.#box.scrollTop;
    this.restore();
  }

  /** After a change: put back what the reader was looking at. */
  restore() {
    // Scrolled since, and not told of it yet: where the reader went counts, not where they were.
    if (this.#box.scrollTop !== this.#seenTop) this.#remember();
    if (this.#atEnd) this.#box.scrollTop = this.#box.scrollHeight;
    else if (this.#anchor?.element.isConnected) {
      this.#box.scrollTop += this.#top(this.#anchor.element) - this.#anchor.top;
    }
    this.#seenTop = this.#box.scrollTop;
  }

  /** The last child that has come into view. */
  lastVisible(accepts) {
    const bottom = this.#box.scrollTop + this.#box.clientHeight;
    for (let child = this.#list.lastElementChild; child; child = child.previousElementSibling) {
      if (accepts(child) && child.offsetTop + Math.min(child.offsetHeight, NEAR) <= bottom) return child;
    }
    return null;
  }

  #remember() {
    const { scrollTop, clientHeight, scrollHeight } = this.#box;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    const inView = (child) => this.#holds(child) && child.offsetTop + child.offsetHeight > scrollTop;
    const element = [...this.#list.children].find(inView);
    this.#anchor = element ? { element, top: this.#top(element) } : null;
    this.#seenTop = scrollTop;
  }

  #top(element) {
    return element.offsetTop - this.#box.scrollTop;
  }
}
