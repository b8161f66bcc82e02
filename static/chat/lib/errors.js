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

/** The link stands, but no answer came in time. */
export class NoAnswer extends Error {
  constructor(message = "no answer") {
    super(message);
    this.name = "NoAnswer";
  }
}

/** A message that waited too long for a connection: whether to send it now is for its writer to decide. */
export class Stale extends Error {
  constructor(message = "waited too long") {
    super(message);
    this.name = "Stale";
  }
}
