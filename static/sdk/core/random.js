const MAX_REQUEST_ID = 2 ** 31 - 1;

/** A request id as the wire wants it: 1 to 2147483647. */
export function requestId() {
  const [word] = crypto.getRandomValues(new Uint32Array(1));
  return (word % MAX_REQUEST_ID) + 1;
}
