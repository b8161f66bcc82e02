const COMPOSING = 229; // keyCode of every key that an input method has taken

/**
 * Does this keydown send the message? Enter without Shift, and never the Enter that confirms a word of an
 * input method: Chrome and Firefox mark it isComposing; Safari ends the composition first and leaves only 229.
 */
export function sendsMessage(event) {
  return event.key === "Enter" && !event.shiftKey && !event.altKey && !isComposing(event);
}

export function isComposing(event) {
  return event.isComposing || event.keyCode === COMPOSING;
}
