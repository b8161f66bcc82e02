const COLOURS = 8;

function colourOf(key) {
  let sum = 0;
  for (const character of key) sum = (sum * 31 + character.codePointAt(0)) % 997;
  return sum % COLOURS;
}

/** A coloured disc with the first character of a name; the same key has the same colour everywhere. */
export function fillAvatar(element, key, name) {
  const [first = "?"] = name.trim();
  element.textContent = first.toLocaleUpperCase();
  element.className = `avatar avatar--${colourOf(key)}`;
}
