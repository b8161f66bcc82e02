import { Line } from "./core/line.js";
import { md5 } from "./core/md5.js";
import { Refusal } from "./core/errors.js";
import { endedBy, farewell, introduce } from "./core/session.js";
import { upload } from "./core/upload.js";
import { socketAddress, uploadAddress } from "./jmessage/address.js";
import { Call } from "./jmessage/call.js";
import { file, flag, id, msgIds, object, optional, read, text, words } from "./jmessage/checks.js";
import * as codes from "./jmessage/codes.js";
import { prepare, readPlace, SENDS } from "./jmessage/content.js";
import { GROUP, groupPlace, namedPlace, SINGLE, singlePlace, wireOf } from "./jmessage/conversations.js";
import { toEvent } from "./jmessage/events.js";
import { METHODS, REGISTRATION } from "./jmessage/methods.js";
import { Receipts } from "./jmessage/receipts.js";
import { Stay } from "./jmessage/stay.js";

const LISTENERS = [
  "onDisconnect", "onMsgReceive", "onSyncConversation", "onUserInfUpdate", "onEventNotification", "onSyncEvent",
  "onMsgReceiptChange", "onSyncMsgReceipt", "onMutiUnreadMsgUpdate", "onTransMsgRec", "onRoomMsg", "onConnection",
]; // prettier-ignore

const PAYLOAD = { appkey: text, random_str: text, timestamp: (name, value) => value, signature: text };
const VERSION = "2.5.0"; // of the protocol, as 2.6.0 says too

/** Which server this script came from. */
const HOME = import.meta.url;

/**
 * The vendor's class, method by method, with promises beside its callbacks. Methods, arguments, answers and listeners
 * are described in jmessage.d.ts. A lost link comes back by itself and brings what was missed; onDisconnect tells only
 * when that is not possible: then `init` and `login` are the application's again.
 */
export class JMessage {
  #options;
  #line;
  #listeners = {};
  #payload = null;
  #isInit = false;
  #me = null;
  #password = null;
  #isLoggingIn = false;
  #stay = null;
  #receipts;
  #windowListeners = [];

  constructor(options = {}) {
    const address = options.address ?? HOME;
    this.#options = { resume: true, cache: true, debug: false, upload_file: uploadAddress(address), ...options };
    const socket = socketAddress(address);
    const Socket = options.WebSocket ?? globalThis.WebSocket;
    this.#line = new Line({ connect: () => new Socket(socket), enter: (ask) => this.#enter(ask), keepRequests: true });
    this.#line.addEventListener("state", ({ detail }) => this.#tell("onConnection", detail));
    this.#line.addEventListener("lost", () => this.#lost());
    this.#line.addEventListener("ready", ({ detail }) => detail.isBack && this.#stay.resume());
    this.#line.addEventListener("push", ({ detail }) => this.#pushed(detail.name, detail.data));
    this.#receipts = new Receipts((name, data) => this.#line.ask(name, data));
    this.#watchWindow();
    this.#line.start();
  }

  // Coming and going

  init(args, options) {
    return this.#call(async (acknowledged) => {
      const payload = { ...read(args, PAYLOAD), flag: Number(read(args, { flag: optional((name, value) => value) }).flag ?? 0) };
      if (this.#me) this.loginOut(); // the server takes another introduction on another connection
      this.#signOut();
      if (this.#line.state.name === "closed") this.#line.start();
      const data = await this.#ask("c_init", { ...args, ...payload, fromPlatForm: "j" }, options, acknowledged);
      this.#payload = payload;
      this.#isInit = true;
      return [data];
    });
  }

  register(args, options) {
    return this.#call(async (acknowledged) => {
      this.#requireInit();
      if (this.#me) throw codes.refusal(codes.LOG_OUT_FIRST, "log out before registering");
      const { password, is_md5: isMd5, ...account } = read(args, REGISTRATION);
      const request = { ...account, ...(isMd5 ? { is_md5: true } : {}), password: isMd5 ? password : md5(password) };
      return [await this.#ask("register", request, options, acknowledged)];
    });
  }

  login(args, options) {
    return this.#call(async (acknowledged) => {
      this.#requireInit();
      if (this.#me) throw codes.refusal(codes.LOGGED_IN, "already logged in, log out before");
      if (this.#isLoggingIn) throw codes.refusal(codes.LOGGING_IN, "a login is under way");
      const { username, password, is_md5: isMd5 } = read(args, { username: text, password: text, is_md5: optional(flag) });
      const secret = isMd5 ? password : md5(password);
      this.#isLoggingIn = true;
      try {
        const request = { username, password: secret, ...(isMd5 ? { is_md5: true } : {}), version: VERSION };
        const data = await this.#ask("login", request, options, acknowledged);
        await this.#loggedIn(data.username ?? username, secret);
        return [data];
      } finally {
        this.#isLoggingIn = false;
      }
    });
  }

  loginOut() {
    this.#signOut();
    this.#line.stop();
  }

  /** Ours: let go of the connection and of the window for good. */
  close() {
    this.loginOut();
    for (const [type, work] of this.#windowListeners) globalThis.removeEventListener(type, work);
  }

  isConnect() {
    return this.#line.isOnline;
  }

  isInit() {
    return this.#isInit;
  }

  isLogin() {
    return this.#me !== null;
  }

  // Oneself

  updateSelfAvatar(args, options = {}) {
    return this.#call(async (acknowledged) => {
      const { avatar } = this.#read(args, { avatar: file });
      const { media_id: mediaId } = await this.#upload(avatar, "image", options);
      return [await this.#ask("update_user_inf", { avatar: mediaId }, options, acknowledged)];
    });
  }

  updateSelfPwd(args, options) {
    return this.#call(async (acknowledged) => {
      const { is_md5: isMd5, ...given } = this.#read(args, { old_pwd: text, new_pwd: text, is_md5: optional(flag) });
      const [before, after] = [given.old_pwd, given.new_pwd].map((password) => (isMd5 ? password : md5(password)));
      const request = { old_pwd: before, new_pwd: after, ...(isMd5 ? { is_md5: true } : {}) };
      const data = await this.#ask("update_user_pwd", request, options, acknowledged);
      this.#password = after;
      return [data];
    });
  }

  // Conversations

  getConversation(options) {
    return this.#call(async (acknowledged) => {
      this.#requireLogin();
      const data = await this.#ask("get_conversations", {}, options, acknowledged);
      const { conversations } = this.#stay;
      this.#stay.learn(data.conversations.filter(({ type }) => type === SINGLE).map(({ key, utime }) => [key, utime]));
      const list = data.conversations.map(({ utime, ...row }) => {
        const known = row.type === GROUP ? { ...row, gid: row.key } : row;
        const place = namedPlace(known);
        return { ...known, extras: conversations.extras(place), unread_msg_count: conversations.unread(place) };
      });
      return [{ ...data, conversations: list }];
    });
  }

  /** Ours: the conversations that this browser remembers, the latest first, each with `last`, its last message. */
  getCachedConversations() {
    this.#requireLogin();
    return structuredClone(this.#stay.conversations.saved());
  }

  updateConversation(args) {
    const place = this.#placeOf(args);
    const { extras } = read(args, { extras: object });
    const { conversations } = this.#stay;
    if (!conversations.setExtras(place, extras)) return; // the vendor's stay in one browser, all of them
    conversations.noting(place, this.#line.ask("update_conversation", { ...wireOf(place), extras }));
  }

  getUnreadMsgCnt(args) {
    const place = this.#placeOf(args);
    return this.#stay.conversations.unread(place);
  }

  resetUnreadCount(args) {
    const place = this.#placeOf(args);
    this.#stay.conversations.reset(place);
    const event = place.type === GROUP ? "unread_group_count" : "unread_single_count";
    this.#line.ask(event, wireOf(place)).catch(() => {}); // it has no callbacks; kept over a loss all the same
  }

  addSingleReceiptReport(args) {
    return this.#report(args, { username: text, appkey: optional(text) }, ({ username, appkey = this.#me.appkey }) => ({
      username,
      appkey,
      type: SINGLE,
    }));
  }

  addGroupReceiptReport(args) {
    return this.#report(args, { gid: id }, ({ gid }) => ({ gid: Number(gid), type: GROUP }));
  }

  // Groups with a picture

  createGroup(args, options = {}) {
    const shapes = { group_name: text, group_description: optional(words), is_limit: optional(flag) };
    return this.#withAvatar("create_group", args, shapes, options);
  }

  updateGroupInfo(args, options = {}) {
    const shapes = { gid: id, group_name: optional(text), group_description: optional(words) };
    return this.#withAvatar("update_group_info", args, shapes, options);
  }

  // How all methods work

  /** A method that is one request. */
  static #plain({ event, shapes, more, answer, learn }) {
    const takesArguments = Object.keys(shapes).length > 0;
    return function (...given) {
      const [args, options] = takesArguments ? given : [{}, given[0]];
      return this.#call(async (acknowledged) => {
        const request = this.#read(args, shapes);
        const added = typeof more === "function" ? more(this.#me) : more;
        const data = await this.#ask(event, { ...added, ...request }, options, acknowledged);
        if (learn) this.#stay?.learn(learn(data));
        return [answer(data)];
      });
    };
  }

  /** A method that sends a message. */
  static #send(spec) {
    return function (args, options = {}) {
      return this.#call(async (acknowledged) => {
        this.#requireLogin();
        const { event, file: found, upload: type, request } = prepare(spec, args, this.#me);
        const uploaded = found ? await this.#upload(found, type, options) : null;
        const body = request(uploaded);
        const data = await this.#ask(event, body, options, acknowledged);
        if (spec.target === "Single") Object.assign(data, { target_username: body.target_id, appkey: body.appkey });
        return [data, { msg: { ...body, msg_id: data.msg_id, ctime_ms: data.ctime_ms } }];
      });
    };
  }

  static {
    for (const [name, spec] of Object.entries(METHODS)) define(name, this.#plain(spec));
    for (const [name, spec] of Object.entries(SENDS)) define(name, this.#send(spec));
    for (const name of LISTENERS) {
      define(name, function (listener) {
        this.#listeners[name] = listener;
      });
    }

    function define(name, value) {
      Object.defineProperty(value, "name", { value: name });
      Object.defineProperty(JMessage.prototype, name, { value, writable: true, configurable: true });
    }
  }

  #call(work) {
    const call = new Call(work);
    if (this.#options.debug) call.then(
      (data) => console.debug("JMessage", data),
      (error) => console.debug("JMessage", error),
    ); // prettier-ignore
    return call;
  }

  #ask(event, request, options = {}, acknowledged = () => {}) {
    return this.#line.ask(event, request, { signal: options.signal, onAck: (rid) => acknowledged({ rid, ...request }) });
  }

  #read(args, shapes) {
    this.#requireLogin();
    return read(args, shapes);
  }

  #requireInit() {
    if (!this.#isInit) throw codes.refusal(codes.NOT_ALLOWED, "init comes first");
  }

  #requireLogin() {
    this.#requireInit();
    if (!this.#me) throw codes.refusal(codes.NOT_ALLOWED, "login comes first");
  }

  #placeOf(args) {
    this.#requireLogin();
    const { gid, username, appkey = this.#me.appkey } = readPlace(args);
    return gid === undefined ? singlePlace(appkey, username) : groupPlace(gid);
  }

  #report(args, shapes, session) {
    return this.#call(async () => {
      // The document's table says msg_ids, its examples msg_id.
      const ids = args?.msg_ids === undefined && args?.msg_id !== undefined ? [args.msg_id].flat() : args?.msg_ids;
      const { msg_ids: found, ...conversation } = this.#read({ ...args, msg_ids: ids }, { ...shapes, msg_ids: msgIds });
      return [await this.#receipts.add(session(conversation), found), { msg_ids: found }];
    });
  }

  #withAvatar(event, args, shapes, options) {
    return this.#call(async (acknowledged) => {
      const { avatar, ...request } = this.#read(args, { ...shapes, avatar: optional(file) });
      if (avatar) request.media_id = (await this.#upload(avatar, "image", options)).media_id;
      return [await this.#ask(event, request, options, acknowledged)];
    });
  }

  async #upload(found, type, { signal, onProgress }) {
    const { uptoken: token } = await this.#ask("get_upload_token", {}, { signal });
    const who = { address: this.#options.upload_file, appkey: this.#me.appkey, username: this.#me.username, token };
    try {
      return await upload(found, { ...who, type, signal, onProgress });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw error;
    }
  }

  // The link

  /** On each connection: say again who we are. What the server then refuses, only the application can mend. */
  async #enter(ask) {
    await ask();
    if (!this.#isInit) return { isBack: false };
    try {
      await introduce(ask, { current: () => this.#payload, renew: () => this.#renew() }, { flag: this.#payload.flag });
      if (this.#me) await ask("login", { username: this.#me.username, password: this.#password, is_md5: true, version: VERSION });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#dropped();
    }
    return { isBack: this.#me !== null };
  }

  async #renew() {
    const { signature } = this.#options;
    if (!signature) throw codes.refusal(codes.SIGNATURE_EXPIRED, "the signature has expired, init anew");
    this.#payload = { ...read(await signature(), PAYLOAD), flag: this.#payload.flag };
    return this.#payload;
  }

  async #loggedIn(username, password) {
    this.#password = password;
    const me = { username, appkey: this.#payload.appkey };
    const stay = new Stay({
      me,
      line: this.#line,
      flag: this.#payload.flag,
      tell: (name, data) => this.#tell(name, data),
      cached: this.#options.cache,
    });
    this.#stay = stay;
    await stay.begin();
    if (this.#stay !== stay) return; // logged out meanwhile
    this.#me = me;
    setTimeout(() => this.#stay === stay && stay.start()); // the application hears of the login first
  }

  #pushed(name, data) {
    if (this.#options.debug) console.debug("JMessage", name, data);
    const reason = name === "event_notification" ? endedBy(data) : null;
    if (!reason) return this.#stay?.pushed(name, data);
    this.#tell("onEventNotification", toEvent(data));
    if (reason !== "password") this.#line.tell("event_notification", farewell(data));
    this.#signOut();
    this.#line.start();
  }

  #lost() {
    this.#stay?.lost();
    if (!this.#options.resume) this.#dropped();
  }

  /** The login is gone, and only the application can bring it back. */
  #dropped() {
    this.#signOut();
    this.#tell("onDisconnect");
  }

  #signOut() {
    this.#stay?.end();
    [this.#stay, this.#me, this.#password, this.#isInit, this.#isLoggingIn] = [null, null, null, false, false];
  }

  #tell(listener, ...args) {
    try {
      this.#listeners[listener]?.(...args);
    } catch (error) {
      setTimeout(() => {
        throw error; // the application's own: seen in its console, and no harm to the link
      });
    }
  }

  #watchWindow() {
    if (!globalThis.document) return;
    this.#windowListeners = [
      ["online", () => this.#line.wake()],
      ["pageshow", ({ persisted }) => persisted && this.#line.wake()],
      ["pagehide", () => this.#stay?.leaving()],
      ["visibilitychange", () => (document.visibilityState === "visible" ? this.#line.wake() : this.#stay?.leaving())],
    ];
    for (const [type, work] of this.#windowListeners) globalThis.addEventListener(type, work);
  }
}
