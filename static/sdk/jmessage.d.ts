/** Types of jmessage.js, the open client of an imsite server with the methods of the vendor's Web SDK 2. */

export type Id = number | string;

/** What c_init wants; made on the application's own server, which knows the secret. Valid for ten minutes. */
export interface Payload {
  appkey: string;
  random_str: string;
  timestamp: number | string;
  /** md5 of `appkey=…&timestamp=…&random_str=…&key=<master secret>` */
  signature: string;
}

export interface Options {
  /** ws, wss, http or https; without it the server that this script came from. */
  address?: string;
  /** Where files are uploaded; `/resource` of the same server. */
  upload_file?: string;
  /** Write all that goes and comes to the console. */
  debug?: boolean;
  /** Come back by itself after a loss (true). With false every loss calls onDisconnect, as the vendor's SDK does. */
  resume?: boolean;
  /** Asked for a fresh payload when a link is to come back and the first has expired. */
  signature?: () => Payload | Promise<Payload>;
  /** Remember conversations and cursors in this browser (true). */
  cache?: boolean;
  /** Another class of sockets, for tests and for Node. */
  WebSocket?: new (url: string) => WebSocket;
}

/** The last argument of every call. */
export interface CallOptions {
  /** Aborting it rejects the call; what the server has begun is done nevertheless. */
  signal?: AbortSignal;
}

export interface UploadOptions extends CallOptions {
  /** The share that is sent, 0 to 1. */
  onProgress?: (share: number) => void;
}

export interface Answer {
  code: number;
  message?: string;
}

export interface Failure {
  code: number;
  message: string;
  [name: string]: unknown;
}

export interface Timeout {
  rid: number;
  data: object;
  /** true: the server took the request and did not answer; false: it did not even acknowledge it. */
  response_timeout: boolean;
}

/** Four callbacks, each giving the call back, and a promise. `Second` is what onSuccess gets beside the answer. */
export interface Call<Data extends Answer = Answer, Second = never, Named extends object = object> extends PromiseLike<Data & Named> {
  onSuccess(callback: [Second] extends [never] ? (data: Data) => void : (data: Data, second: Second) => void): this;
  onFail(callback: (data: Failure) => void): this;
  onTimeout(callback: (data: Timeout) => void): this;
  onAck(callback: (data: { rid: number; [name: string]: unknown }) => void): this;
  catch<Other>(failed: (error: Error & { code: number }) => Other): Promise<(Data & Named) | Other>;
  finally(finished: () => void): Promise<Data & Named>;
}

export interface Person {
  username: string;
  appkey: string;
  nickname: string;
}

export interface User extends Person {
  avatar: string;
  birthday: string;
  gender: 0 | 1 | 2;
  signature: string;
  region: string;
  address: string;
  extras: Record<string, unknown>;
  mtime: number;
}

export interface Friend extends User {
  memo_name: string;
  memo_others: string;
}

export interface Member extends Omit<User, "mtime"> {
  /** 0 member, 1 owner, 2 keeper */
  flag: 0 | 1 | 2;
  keep_silence: boolean;
}

export interface Group {
  gid: number;
  name: string;
  desc: string;
  appkey: string;
  avatar: string;
  /** 2 public, 0 or 1 private */
  group_type: 0 | 1 | 2;
  max_member_count?: number;
  ctime: number;
  mtime: number;
}

export interface Chatroom {
  id: number;
  name: string;
  description: string;
  appkey: string;
  total_member_count: number;
  max_member_count: number;
  ctime?: number;
}

export interface Device {
  platform: string;
  mtime: number;
  isOnline: boolean;
  isLogin: boolean;
  flag: boolean;
}

export interface Profile {
  nickname?: string;
  birthday?: string;
  signature?: string;
  gender?: 0 | 1 | 2;
  region?: string;
  address?: string;
  extras?: Record<string, unknown>;
}

export interface Conversation {
  /** 3 a user, 4 a group */
  type: 3 | 4;
  key: number;
  name: string;
  appkey: string;
  username?: string;
  nickname?: string;
  gid?: number;
  avatar: string;
  mtime: number;
  unread_msg_count: number;
  extras: Record<string, unknown>;
}

export interface CachedConversation {
  key: string;
  type: 3 | 4;
  appkey?: string;
  username?: string;
  gid?: number;
  unread: number;
  extras: Record<string, unknown>;
  /** Time of the last message, ms. */
  latest: number;
  last: Message | null;
}

export type Place = { gid: Id } | { username: string; appkey?: string };
export type Named = { username: string; appkey?: string };
export type Upload = FormData | Blob;

export interface TextBody {
  text: string;
  extras?: object;
}

export interface ImageBody {
  media_id: string;
  media_crc32: number;
  width: number;
  height: number;
  format?: string;
  fsize?: number;
  extras?: object;
}

export interface FileBody {
  media_id: string;
  media_crc32: number;
  hash?: string;
  fname: string;
  fsize: number;
  extras?: object;
}

export interface LocationBody {
  latitude: number;
  longitude: number;
  scale: number;
  label: string;
  extras?: object;
}

export type Body = TextBody | ImageBody | FileBody | LocationBody | Record<string, unknown>;

export interface Content {
  version: number;
  target_type: "single" | "group" | "chatroom";
  target_id: string;
  target_name?: string;
  target_appkey?: string;
  from_id: string;
  from_name?: string;
  from_appkey?: string;
  from_type?: string;
  from_platform?: string;
  create_time: number;
  msg_type: string;
  msg_body: Body;
  at_list?: Named[];
}

export interface CustomNotification {
  enabled: boolean;
  title?: string;
  alert?: string;
  at_prefix?: string;
}

interface Control {
  no_offline?: boolean;
  no_notification?: boolean;
  need_receipt?: boolean;
  custom_notification?: CustomNotification;
}

interface ToUser extends Control {
  target_username: string;
  target_nickname?: string;
  appkey?: string;
  extras?: object;
}

interface ToGroup extends Control {
  target_gid: Id;
  target_gname?: string;
  extras?: object;
}

interface ToRoom {
  target_rid: Id;
  target_rname?: string;
  extras?: object;
}

type TextMessage = { content: string } | { msg_body: TextBody };
type PicMessage = { image: Upload } | { msg_body: ImageBody };
type FileMessage = { file: Upload } | { msg_body: FileBody };
type LocationMessage = LocationBody | { msg_body: LocationBody };
type CustomMessage = { custom: object } | { msg_body: object };
type Mentions = { at_list?: Named[] };
type GroupText = (TextMessage & Mentions) | { at_list: Named[] };

/** A message that was sent. */
export interface Sent {
  msg_id: number;
  ctime_ms: number;
  content: Content;
  [name: string]: unknown;
}

export interface SentAnswer extends Answer {
  msg_id: number;
  ctime_ms: number;
  key?: number;
  unread_count?: number;
  target_username?: string;
  appkey?: string;
  target_gid?: number;
  room_id?: number;
}

export type Send = Call<SentAnswer, Sent, { msg: Sent }>;

export interface Message {
  msg_id: number;
  msg_type: 3 | 4;
  msg_level: "normal" | "across";
  key: number;
  from_username: string;
  from_appkey: string;
  from_gid: number;
  ctime_ms: number;
  need_receipt: boolean;
  custom_notification?: CustomNotification;
  content: Content;
}

export interface RoomMessage {
  room_id: number;
  msg_id: number;
  ctime_ms: number;
  content: Content;
}

export interface ReceiptMessage {
  msg_id: number;
  unread_count: number;
  mtime?: number;
}

export interface ReceiptChange {
  type: 3 | 4;
  appkey?: string;
  username?: string;
  gid?: number;
  receipt_msgs: ReceiptMessage[];
}

export interface SyncedConversation {
  msg_type: 3 | 4;
  key: number;
  from_appkey?: string;
  from_username?: string;
  from_gid?: number;
  unread_msg_count: number;
  receipt_msgs: ReceiptMessage[];
  msgs: Message[];
}

export interface Notification {
  event_id: number;
  event_type: number;
  ctime: number;
  ctime_ms: number;
  extra?: number;
  from_username?: string;
  from_appkey?: string;
  from_nickname?: string;
  gid?: number;
  from_gid?: number;
  group_name?: string;
  media_id?: string;
  to_usernames?: Person[];
  to_groups?: Group[];
  new_owner?: { username: string; appkey: string };
  msg_ids?: number[];
  msgid_list?: number[];
  return_code?: number;
  description?: unknown;
  from_eventid?: number;
  /** Of event 55: 0 a pair, 1 a group. */
  type?: 0 | 1;
  /** Of event 56: who asks is who would join. */
  by_self?: boolean;
}

export interface Command {
  /** 3 a user's, 4 a group's, 5 of one's own other devices */
  type: 3 | 4 | 5;
  cmd: string;
  from_username?: string;
  from_appkey?: string;
  gid?: number;
  platform?: string;
}

export interface ConnectionState {
  name: "closed" | "connecting" | "waiting" | "online";
  /** Of waiting: when the next attempt is made, ms. */
  until: number | null;
}

type ReceiptCall = Call<Answer & { username?: string; appkey?: string; gid?: number }, number[], { msg_ids: number[] }>;

export class JMessage {
  constructor(options?: Options);

  // Coming and going

  /** Introduce the application. `flag` 1: messages come from all devices at each login. 880101, 880102, 880106. */
  init(args: Payload & { flag?: 0 | 1 }, options?: CallOptions): Call;
  /** Make an account. 882002 the name is taken, 880006 logged in, 880007 switched off. */
  register(args: { username: string; password: string; is_md5?: boolean; media_id?: string } & Profile, options?: CallOptions): Call;
  /** 880103, 880104, 880107 logged in already, 880109 under way, 880111 disabled. */
  login(args: { username: string; password: string; is_md5?: boolean }, options?: CallOptions): Call<Answer & { username: string; online_list: Device[] }>;
  loginOut(): void;
  /** Ours: log out, and let go of the page's window for good. */
  close(): void;
  isConnect(): boolean;
  isInit(): boolean;
  /** Also true while a lost link is coming back. */
  isLogin(): boolean;

  // Users

  getUserInfo(args: Named, options?: CallOptions): Call<Answer & { user_info: User }>;
  updateSelfInfo(args: Profile, options?: CallOptions): Call;
  updateSelfAvatar(args: { avatar: Upload }, options?: UploadOptions): Call;
  updateSelfPwd(args: { old_pwd: string; new_pwd: string; is_md5?: boolean }, options?: CallOptions): Call;

  // Conversations and messages

  getConversation(options?: CallOptions): Call<Answer & { conversations: Conversation[] }>;
  /** Ours: what this browser remembers, the latest first, without asking the server. */
  getCachedConversations(): CachedConversation[];
  /** At most 512 bytes of JSON reach the user's other devices; more stay in this browser. */
  updateConversation(args: Place & { extras: Record<string, unknown> }): void;
  getUnreadMsgCnt(args: Place): number;
  resetUnreadCount(args: Place): void;
  msgUnreadList(args: { msg_id: Id }, options?: CallOptions): Call<Answer & { msg_unread_list: { unread_list: Person[]; read_list: Person[] } }>;
  addSingleReceiptReport(args: { username: string; appkey?: string; msg_ids: Id[] }): ReceiptCall;
  addGroupReceiptReport(args: { gid: Id; msg_ids: Id[] }): ReceiptCall;
  getResource(args: { media_id: string }, options?: CallOptions): Call<Answer & { url: string }>;
  msgRetract(args: { msg_id: Id }, options?: CallOptions): Call;
  sendSingleMsg(args: ToUser & TextMessage, options?: CallOptions): Send;
  sendSinglePic(args: ToUser & PicMessage, options?: UploadOptions): Send;
  sendSingleFile(args: ToUser & FileMessage, options?: UploadOptions): Send;
  sendSingleLocation(args: ToUser & LocationMessage, options?: CallOptions): Send;
  sendSingleCustom(args: ToUser & CustomMessage, options?: CallOptions): Send;
  sendGroupMsg(args: ToGroup & GroupText, options?: CallOptions): Send;
  sendGroupPic(args: ToGroup & PicMessage, options?: UploadOptions): Send;
  sendGroupFile(args: ToGroup & FileMessage, options?: UploadOptions): Send;
  sendGroupLocation(args: ToGroup & LocationMessage, options?: CallOptions): Send;
  sendGroupCustom(args: ToGroup & CustomMessage, options?: CallOptions): Send;
  transSingleMsg(args: { target_username: string; cmd: string; target_appkey?: string }, options?: CallOptions): Call;
  transGroupMsg(args: { gid: Id; cmd: string }, options?: CallOptions): Call;
  transPlatMsg(args: { platform: "all" | "android" | "ios" | "pc"; cmd: string }, options?: CallOptions): Call;

  // Groups

  createGroup(
    args: { group_name: string; group_description?: string; avatar?: Upload; is_limit?: boolean },
    options?: UploadOptions,
  ): Call<Answer & { gid: number; group_name: string; group_description: string; ctime: number }>;
  exitGroup(args: { gid: Id }, options?: CallOptions): Call<Answer & { gid: number; group_name: string }>;
  addGroupMembers(args: { gid: Id; member_usernames: Named[] }, options?: CallOptions): Call;
  delGroupMembers(args: { gid: Id; member_usernames: Named[] }, options?: CallOptions): Call;
  getGroups(options?: CallOptions): Call<Answer & { group_list: Group[] }>;
  getGroupInfo(args: { gid: Id }, options?: CallOptions): Call<Answer & { group_info: Group }>;
  updateGroupInfo(args: { gid: Id; group_name?: string; group_description?: string; avatar?: Upload }, options?: UploadOptions): Call;
  getGroupMembers(args: { gid: Id }, options?: CallOptions): Call<Answer & { member_list: Member[] }>;
  joinGroup(args: { gid: Id; reason?: string }, options?: CallOptions): Call;
  /** `result` 0 agrees, any other number declines. */
  addGroupMemberResp(
    args: { gid: Id; event_id: Id; from_username: string; target_username: string; result: number; reason?: string; from_appkey?: string; target_appkey?: string },
    options?: CallOptions,
  ): Call;
  addGroupMemSilence(args: { gid: Id; target_username: string; target_appkey?: string }, options?: CallOptions): Call;
  delGroupMemSilence(args: { gid: Id; target_username: string; target_appkey?: string }, options?: CallOptions): Call;
  addGroupKeeper(args: { gid: Id; member_usernames: Named[] }, options?: CallOptions): Call;
  delGroupKeeper(args: { gid: Id; member_usernames: Named[] }, options?: CallOptions): Call;
  changeGroupAdmin(args: { gid: Id; target_username: string; target_appkey?: string }, options?: CallOptions): Call;
  dissolveGroup(args: { gid: Id }, options?: CallOptions): Call;
  getAppkeyPublicGroups(
    args?: { start?: number; appkey?: string },
    options?: CallOptions,
  ): Call<Answer & { result: { total: number; start: number; count: number; groups: Group[] } }>;

  // Chat rooms

  getAppkeyChatrooms(
    args?: { start?: number; appkey?: string },
    options?: CallOptions,
  ): Call<Answer & { result: { total: number; start: number; count: number; rooms: Chatroom[] } }>;
  getSelfChatrooms(options?: CallOptions): Call<Answer & { chat_rooms: Chatroom[] }>;
  getChatroomInfo(args: { id: Id }, options?: CallOptions): Call<Answer & { info: Chatroom }>;
  enterChatroom(args: { id: Id }, options?: CallOptions): Call<Answer & { id: number }>;
  exitChatroom(args: { id: Id }, options?: CallOptions): Call<Answer & { id: number }>;
  sendChatroomMsg(args: ToRoom & TextMessage, options?: CallOptions): Send;
  sendChatroomPic(args: ToRoom & PicMessage, options?: UploadOptions): Send;
  sendChatroomFile(args: ToRoom & FileMessage, options?: UploadOptions): Send;
  sendChatroomLocation(args: ToRoom & LocationMessage, options?: CallOptions): Send;
  sendChatroomCustom(args: ToRoom & CustomMessage, options?: CallOptions): Send;

  // No-disturb and shields

  getNoDisturb(options?: CallOptions): Call<Answer & { no_disturb: { global: 0 | 1; users: User[]; groups: Group[] } }>;
  addSingleNoDisturb(args: { target_name: string; appkey?: string }, options?: CallOptions): Call;
  delSingleNoDisturb(args: { target_name: string; appkey?: string }, options?: CallOptions): Call;
  addGroupNoDisturb(args: { gid: Id }, options?: CallOptions): Call;
  delGroupNoDisturb(args: { gid: Id }, options?: CallOptions): Call;
  addGlobalNoDisturb(options?: CallOptions): Call;
  delGlobalNoDisturb(options?: CallOptions): Call;
  groupShieldList(options?: CallOptions): Call<Answer & { groups: Group[]; group_list: Group[] }>;
  addGroupShield(args: { gid: Id }, options?: CallOptions): Call;
  delGroupShield(args: { gid: Id }, options?: CallOptions): Call;

  // Friends and blacklist

  getBlacks(options?: CallOptions): Call<Answer & { black_list: User[] }>;
  addSingleBlacks(args: { member_usernames: Named[] }, options?: CallOptions): Call;
  delSingleBlacks(args: { member_usernames: Named[] }, options?: CallOptions): Call;
  getFriendList(options?: CallOptions): Call<Answer & { friend_list: Friend[] }>;
  addFriend(args: { target_name: string; why?: string; appkey?: string }, options?: CallOptions): Call;
  acceptFriend(args: { target_name: string; appkey?: string }, options?: CallOptions): Call;
  declineFriend(args: { target_name: string; why?: string; appkey?: string }, options?: CallOptions): Call;
  delFriend(args: { target_name: string; appkey?: string }, options?: CallOptions): Call;
  updateFriendMemo(args: { target_name: string; memo_name: string; memo_others?: string; appkey?: string }, options?: CallOptions): Call;

  // Listeners: one of each kind; a second takes the place of the first

  /** The link is gone and does not come back by itself: `init` and `login` are needed. */
  onDisconnect(listener: () => void): void;
  /** Ours: every step of the link, also those that it takes by itself. */
  onConnection(listener: (state: ConnectionState) => void): void;
  onMsgReceive(listener: (data: { messages: Message[] }) => void): void;
  onSyncConversation(listener: (data: SyncedConversation[]) => void): void;
  onUserInfUpdate(listener: (data: { username: string; appkey: string; from_username: string; from_appkey: string; mtime: number }) => void): void;
  onEventNotification(listener: (data: Notification) => void): void;
  onSyncEvent(listener: (data: Notification[]) => void): void;
  onMsgReceiptChange(listener: (data: ReceiptChange) => void): void;
  onSyncMsgReceipt(listener: (data: ReceiptChange[]) => void): void;
  onMutiUnreadMsgUpdate(listener: (data: { type: 3 | 4; username?: string; appkey?: string; gid?: number; unreadCount: number }) => void): void;
  onTransMsgRec(listener: (data: Command) => void): void;
  onRoomMsg(listener: (data: RoomMessage) => void): void;
}
