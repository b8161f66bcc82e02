/** 32 hex digits. Not crypto.randomUUID(), which pages served over plain http do not have. */
export function uniqueId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
