import { Line } from "./line.js";

const SIGNATURE_EXPIRED = 880106;
const FINAL_CODES = new Set([880101, 880102, 880103, 880104, 880110, 880111, 882004]);
const FORCED_OFFLINE = 1;
const PASSWORD_CHANGED = 2;
const FORCED_REASONS = ["kicked", "disabled", "deleted"]; // by `extra` of event 1

/** Introduce the page; a signature that has grown old is renewed once. */
export async function introduce(ask, signatures, { flag = 0 } = {}) {
  const init = (signed) => ask("c_init", { ...signed, flag, fromPlatForm: "j" });
  try {
    await init(await signatures.current());
  } catch (error) {
    if (error.code !== SIGNATURE_EXPIRED) throw error;
    await init(await signatures.renew());
  }
}

/** Why the server ended the stay by this event, or null: "kicked", "disabled", "deleted", "password". */
export function endedBy(event) {
  if (event.event_type === FORCED_OFFLINE) return FORCED_REASONS[event.extra] ?? "kicked";
  return event.event_type === PASSWORD_CHANGED ? "password" : null;
}

/** The acknowledgement that event 1 wants. */
export function farewell({ event_id, event_type, from_uid, gid }) {
  return { event_id, event_type, from_uid, gid };
}

/**
 * One user's stay: a Line that introduces itself and logs in. "ready" comes with the reply to the login; "ended" also
 * with the reasons "kicked", "disabled", "deleted" and "password".
 */
export class Session extends Line {
  #signatures;
  #credentials = null;

  /** `connect()` makes a WebSocket; `signatures` has current() and renew(). */
  constructor({ connect, signatures, random }) {
    super({ connect, random, enter: (ask) => this.#enter(ask), isFinal: (error) => FINAL_CODES.has(error.code) });
    this.#signatures = signatures;
  }

  /** `credentials` = {username, password}, the password as md5. With `once` a first failure ends it. */
  open(credentials, options) {
    this.close();
    this.#credentials = credentials;
    this.start(options);
  }

  close() {
    this.stop();
    this.#credentials = null;
  }

  end(reason, error) {
    this.#credentials = null;
    super.end(reason, error);
  }

  pushed(name, data) {
    const reason = name === "event_notification" ? endedBy(data) : null;
    if (reason && reason !== "password") this.tell("event_notification", farewell(data));
    if (reason) this.end(reason);
    else super.pushed(name, data);
  }

  async #enter(ask) {
    await introduce(ask, this.#signatures);
    return ask("login", { ...this.#credentials, is_md5: true, version: "2.5.0" });
  }
}
