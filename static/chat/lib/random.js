const MAX_REQUEST_ID = 2 ** 31 - 1;

/** A request id as the wire wants it: 1 to 2147483647. */
export function requestId() {
  const [word] = crypto.getRandomValues(new Uint32Array(1));
  return (word % MAX_REQUEST_ID) + 1;
}

/** 32 hex digits. Not crypto.randomUUID(), which pages served over plain http do not have. */
export function uniqueId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
