import { upload } from "../../sdk/core/upload.js";
import { Lost } from "../lib/errors.js";

/**
 * What the model needs of the server, for one signed-in user. Once closed it answers nothing any more: what the
 * last user left waiting must not go out in the name of the next.
 */
export class Server {
  #session;
  #appkey;
  #username;
  #closed = false;

  constructor(session, { appkey, username }) {
    this.#session = session;
    this.#appkey = appkey;
    this.#username = username;
  }

  get isOnline() {
    return !this.#closed && this.#session.isOnline;
  }

  ask(name, data) {
    return this.#closed ? Promise.reject(new Lost()) : this.#session.ask(name, data);
  }

  tell(name, data) {
    if (!this.#closed) this.#session.tell(name, data);
  }

  /** Upload an image: {onProgress, signal}. Resolves to the body of an image message. */
  async upload(file, options) {
    const { uptoken: token } = await this.ask("get_upload_token", {});
    return upload(file, { ...options, type: "image", appkey: this.#appkey, username: this.#username, token });
  }

  close() {
    this.#closed = true;
  }
}
