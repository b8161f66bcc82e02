/** Small helpers over the page's templates and elements. */

/** A fresh copy of the one element in <template id="…">. */
export function clone(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

/** The child that scripts know as data-part="name". */
export function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`);
}

export function create(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** Put the words into everything below `root` that names them: data-text, data-label, data-placeholder, data-title. */
export function fillTexts(root, texts) {
  for (const element of root.querySelectorAll("[data-text], [data-label], [data-placeholder], [data-title]")) {
    const { text, label, placeholder, title } = element.dataset;
    if (text) element.textContent = texts.t(text);
    if (label) element.setAttribute("aria-label", texts.t(label));
    if (placeholder) element.setAttribute("placeholder", texts.t(placeholder));
    if (title) element.setAttribute("title", texts.t(title));
  }
}

/** Show a text in an element, or hide it when there is none. */
export function show(element, text) {
  element.textContent = text;
  element.hidden = text === "";
}

/** `work`, once for however many calls there are before the present script ends. */
export function batched(work) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      work();
    });
  };
}

/**
 * Make `parent` hold exactly one child for each entry, in order, moving and keeping those that are there.
 * `keyOf(entry)` names it, `make(entry)` makes its element, `fill(element, entry)` brings it up to date.
 */
export function reconcile(parent, known, entries, { keyOf, make, fill }) {
  const kept = new Set();
  let next = parent.firstElementChild;
  for (const entry of entries) {
    const key = keyOf(entry);
    kept.add(key);
    if (!known.has(key)) known.set(key, make(entry));
    const element = known.get(key);
    fill(element, entry);
    if (element === next) next = next.nextElementSibling;
    else parent.insertBefore(element, next);
  }
  for (const [key, element] of known) {
    if (kept.has(key)) continue;
    element.remove();
    known.delete(key);
  }
}
