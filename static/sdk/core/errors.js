/** What may go wrong with a request. No DOM, no socket. */

/** The server said no. `code` is the server's number, `message` its English sentence. */
export class Refusal extends Error {
  constructor(code, message = "") {
    super(message || `refused with code ${code}`);
    this.name = "Refusal";
    this.code = code;
  }
}

/** The link broke (or was never there): nobody knows whether the request was done. */
export class Lost extends Error {
  constructor(message = "no connection") {
    super(message);
    this.name = "Lost";
  }
}

/** The link stands, but no answer came in time. `acknowledged`: the server had at least taken the request. */
export class NoAnswer extends Error {
  constructor(message = "no answer", { acknowledged = false } = {}) {
    super(message);
    this.name = "NoAnswer";
    this.acknowledged = acknowledged;
  }
}
