/** What the browser remembers. Where the reader has forbidden it, nothing is remembered and nothing breaks. */

function guarded(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

/** `area` is "localStorage" or "sessionStorage"; values are JSON. */
export function remembered(area, key) {
  return guarded(() => JSON.parse(globalThis[area].getItem(key)));
}

export function remember(area, key, value) {
  guarded(() => globalThis[area].setItem(key, JSON.stringify(value)));
}

export function forget(area, key) {
  guarded(() => globalThis[area].removeItem(key));
}
