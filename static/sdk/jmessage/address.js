const SCHEMES = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" };

/** The socket's address by the application's: ws, wss, http or https; a query in it is kept. */
export function socketAddress(address) {
  const url = new URL(address);
  const scheme = SCHEMES[url.protocol];
  if (!scheme) throw new TypeError(`address must be ws, wss, http or https: ${address}`);
  const query = new URLSearchParams(url.search);
  query.set("EIO", "3");
  query.set("transport", "websocket");
  return `${scheme}//${url.host}/socket.io/?${query}`;
}

/** Where uploads go when the application does not say: the same server. */
export function uploadAddress(address) {
  const url = new URL(address);
  return `${url.protocol.replace(/^ws/, "http")}//${url.host}/resource`;
}
