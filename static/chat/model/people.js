import { userKey } from "./wire.js";

/** What people are called, as far as the page has been told. */
export class People {
  #nicknames = new Map();

  learn({ appkey, username, nickname }) {
    if (nickname) this.#nicknames.set(userKey(appkey, username), nickname);
  }

  /** Nickname, or what the message said, or the username. */
  nameOf({ appkey, username, name = "" }) {
    return this.#nicknames.get(userKey(appkey, username)) || name || username;
  }
}
