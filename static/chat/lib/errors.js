/** What may go wrong with a message. No DOM, no socket. */

export { Lost, NoAnswer, Refusal } from "../../sdk/core/errors.js";

/** A message that waited too long for a connection: whether to send it now is for its writer to decide. */
export class Stale extends Error {
  constructor(message = "waited too long") {
    super(message);
    this.name = "Stale";
  }
}
