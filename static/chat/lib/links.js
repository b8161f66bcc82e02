const ADDRESS = /https?:\/\/[^\s<>"'`，。；：！？、）】》」]+/giu;
const TRAILING = /[.,;:!?)\]}*_]+$/u;

function safeAddress(text) {
  try {
    return new URL(text).href;
  } catch {
    return null;
  }
}

/** Splits text at web addresses: [{text}, {text, href}, …]. Only http and https become links. */
export function splitLinks(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const label = match[0].replace(TRAILING, "");
    const href = safeAddress(label);
    if (!href) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ text: label, href });
    from = match.index + label.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}
