import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";

import { Clock } from "../setup.js";
import { FakeSocket, settle } from "./sockets.js";
import { md5 } from "../../../static/sdk/core/md5.js";
import { JMessage } from "../../../static/sdk/jmessage.js";

const PAYLOAD = { appkey: "K", random_str: "r", timestamp: 1, signature: "s" };
const DOCUMENTED = readFileSync(new URL("./documented.txt", import.meta.url), "utf8").split(/\s+/).filter(Boolean);
const DECLARED = readFileSync(new URL("../../../static/sdk/jmessage.d.ts", import.meta.url), "utf8");
const OURS = ["close", "getCachedConversations", "onConnection"];

let clock, answers, sockets, jim;

function newcomer(options = {}) {
  class Socket extends FakeSocket {
    constructor(url) {
      super(answers);
      this.url = url;
      sockets.push(this);
    }
  }
  return new JMessage({ address: "http://im.example.com:8000", WebSocket: Socket, ...options });
}

beforeEach(() => {
  clock = new Clock(1_000_000_000);
  sockets = [];
  answers = {
    c_init: {},
    login: { username: "alice", uid: 1 },
    sync_check: { sync_key: 1, sync_type: 0, sync_event_key: 0, msg_receipt_key: 0 },
    list_conversations: { conversations: [] },
  };
  jim = newcomer();
});

afterEach(() => {
  jim.close();
  clock.stop();
});

const last = () => sockets.at(-1);

async function connected() {
  await settle();
  last().hello();
  await settle();
}

async function online(args = {}) {
  await connected();
  await jim.init({ ...PAYLOAD, ...args });
  await jim.login({ username: "alice", password: "secret" });
  clock.pass(1);
  await settle();
}

function request(name) {
  const { rid, ...data } = last().events(name).at(-1).data;
  assert.ok(rid >= 1);
  return data;
}

function message(id, more = {}) {
  const content = { from_id: "bobby", from_appkey: "K", target_id: "alice", target_appkey: "K", msg_type: "text", msg_body: { text: `${id}` } };
  return { msg_id: id, msg_type: 3, msg_level: 0, from_uid: 2, from_gid: 0, from_appkey: "K", from_username: "bobby", ctime_ms: id, seq: id, conversation_id: 7, state: "kept", content, ...more };
}

function heard(...names) {
  const calls = [];
  for (const name of names) jim[name]((data) => calls.push([name, data]));
  return calls;
}

test("every method of the vendor's document is there, declared, and nothing else", () => {
  const methods = Object.getOwnPropertyNames(JMessage.prototype).filter((name) => name !== "constructor");
  assert.deepEqual(methods.sort(), [...DOCUMENTED, ...OURS].sort());
  for (const name of methods) assert.match(DECLARED, new RegExp(`^  ${name}\\(`, "m"), name);
});

test("it connects where it was told to", () => {
  assert.equal(last().url, "ws://im.example.com:8000/socket.io/?EIO=3&transport=websocket");
  assert.throws(() => newcomer({ address: "ftp://x" }), TypeError);
});

test("init, then login with the md5 of the password, then sync_check", async () => {
  await online({ flag: 1 });
  assert.deepEqual(request("c_init"), { ...PAYLOAD, flag: 1, fromPlatForm: "j" });
  assert.deepEqual(request("login"), { username: "alice", password: md5("secret"), version: "2.5.0" });
  assert.deepEqual(request("sync_check"), { sync_key: 0, sync_type: 1, sync_event_key: 0, msg_receipt_key: 0 });
  assert.deepEqual([jim.isConnect(), jim.isInit(), jim.isLogin()], [true, true, true]);
});

test("the four callbacks: ack, success, failure, timeout", async () => {
  await online();
  answers.msg_retract = { code: 881403, message: "no such message" };
  answers.exit_room = null;
  const told = [];
  const tell = (name) => (data) => told.push([name, data.code ?? data.response_timeout ?? data.msg_id]);
  const chain = (call) => call.onSuccess(tell("success")).onFail(tell("fail")).onTimeout(tell("timeout")).onAck(tell("ack"));
  chain(jim.msgRetract({ msg_id: 5 }));
  await settle();
  assert.deepEqual(told, [["ack", 5], ["fail", 881403]]); // prettier-ignore
  told.length = 0;
  chain(jim.exitChatroom({ id: 9 }));
  clock.pass(150_000);
  await settle();
  assert.deepEqual(told, [["ack", undefined], ["timeout", true]]); // prettier-ignore
});

test("a promise gives the answer, or an error with its code", async () => {
  await online();
  answers.get_groups_list = { group_list: [{ gid: 1, name: "g", flag: 2 }] };
  const data = await jim.getGroups();
  assert.deepEqual(data, { code: 0, group_list: [{ gid: 1, name: "g", group_type: 2 }] });
  answers.get_group_info = { code: 882002, message: "gid invalid" };
  await assert.rejects(async () => jim.getGroupInfo({ gid: 1 }), { code: 882002, message: "gid invalid" });
});

test("who comes late with a callback is told too, and an application's own error stops nothing", async () => {
  await online();
  answers.get_groups_list = { group_list: [] };
  const call = jim.getGroups();
  await settle();
  const told = [];
  call.onSuccess((data) => told.push(data.code));
  await settle();
  assert.deepEqual(told, [0]);
});

test("arguments are looked at before anything is sent", async () => {
  const codeOf = (call) => call.then(() => 0, (error) => error.code); // prettier-ignore
  await connected();
  assert.equal(await codeOf(jim.login({ username: "a", password: "b" })), 882004);
  await jim.init(PAYLOAD);
  assert.equal(await codeOf(jim.getGroups()), 882004);
  await jim.login({ username: "alice", password: "secret" });
  const before = last().frames.length;
  for (const [call, code] of [
    [jim.login({ username: "alice", password: "x" }), 880107],
    [jim.register({ username: "x", password: "y" }), 880006],
    [jim.getUserInfo({}), 880002],
    [jim.getUserInfo(), 880002],
    [jim.getUserInfo("bobby"), 880004],
    [jim.getUserInfo({ username: 7 }), 880004],
    [jim.getUserInfo({ username: "" }), 880003],
    [jim.getGroupInfo({ gid: "x" }), 880003],
    [jim.getGroupInfo({ gid: {} }), 880004],
    [jim.msgRetract({ msg_id: "abc" }), 880008],
    [jim.addGroupMembers({ gid: 1, member_usernames: ["bobby"] }), 880004],
    [jim.addGroupMembers({ gid: 1, member_usernames: [{}] }), 880004],
    [jim.sendSingleMsg({ content: "x" }), 880002],
    [jim.sendSingleMsg({ target_username: "bobby" }), 880002],
    [jim.sendSinglePic({ target_username: "bobby", image: "x.png" }), 880004],
    [jim.sendSinglePic({ target_username: "bobby", image: new FormData() }), 880005],
    [jim.sendSingleLocation({ target_username: "bobby", latitude: "north", longitude: 1, scale: 1, label: "" }), 880003],
    [jim.addSingleReceiptReport({ username: "bobby", msg_ids: [] }), 880003],
  ]) {
    assert.equal(await codeOf(call), code);
  }
  assert.throws(() => jim.getUnreadMsgCnt({}), { code: 880002 });
  assert.equal(last().frames.length, before);
});

test("a text to a user, as the protocol wants it", async () => {
  await online();
  answers.s_across_single_text = { msg_id: 50, ctime_ms: 60, key: 2 };
  const data = await jim.sendSingleMsg({ target_username: "bobby", target_nickname: "Bob", content: "hi", extras: { k: 1 }, need_receipt: true });
  const { content, ...rest } = request("s_across_single_text");
  assert.deepEqual(rest, { no_offline: false, no_notification: false, target_name: "Bob", need_receipt: true, target_id: "bobby", appkey: "K" });
  assert.deepEqual(content, {
    version: 1, target_type: "single", from_platform: "web", target_id: "bobby", target_name: "Bob", from_id: "alice",
    create_time: Date.now() - 0, msg_type: "text", msg_body: { text: "hi", extras: { k: 1 } },
  }); // prettier-ignore
  assert.deepEqual([data.target_username, data.appkey, data.msg_id, data.msg.msg_id], ["bobby", "K", 50, 50]);
  assert.deepEqual(data.msg.content.msg_body, { text: "hi", extras: { k: 1 } });
});

test("to a group with everybody mentioned, to a room, forwarded, across applications", async () => {
  await online();
  Object.assign(answers, { send_group_msg: { msg_id: 1 }, send_room_msg: { msg_id: 2 }, s_across_single_text: { msg_id: 3 } });
  await jim.sendGroupMsg({ target_gid: 12, at_list: [] });
  const group = request("send_group_msg");
  assert.deepEqual([group.target_gid, group.users, group.content.msg_body, group.content.target_id], ["12", [], { text: " " }, "12"]);
  await jim.sendChatroomCustom({ target_rid: "13", custom: { a: 1 }, extras: { b: 2 } });
  const room = request("send_room_msg");
  assert.deepEqual([room.target_gid, room.content.msg_body, room.target_name], ["13", { a: 1, extras: { b: 2 } }, ""]);
  await jim.sendSinglePic({ target_username: "bobby", appkey: "L", msg_body: { media_id: "m", media_crc32: 1, width: 2, height: 3 } });
  const across = request("s_across_single_text");
  assert.deepEqual([across.appkey, across.content.target_appkey, across.content.from_appkey, across.content.msg_type], ["L", "L", "K", "image"]);
  assert.deepEqual(across.content.msg_body, { media_id: "m", media_crc32: 1, width: 2, height: 3 });
});

test("a message is acknowledged, counted once, and told once", async () => {
  await online();
  const calls = heard("onMsgReceive");
  last().push("msg_sync", { messages: [message(100)] });
  last().push("msg_sync", { messages: [message(100)] });
  assert.equal(last().events("msg_recv_v2").length, 2);
  assert.deepEqual(calls.map(([, { messages }]) => messages.map(({ msg_id, msg_level, key }) => [msg_id, msg_level, key])), [[[100, "normal", 2]]]); // prettier-ignore
  assert.equal(jim.getUnreadMsgCnt({ username: "bobby" }), 1);
  jim.resetUnreadCount({ username: "bobby" });
  assert.deepEqual(request("unread_single_count"), { appkey: "K", username: "bobby", type: 3 });
  last().push("msg_sync", { messages: [message(101)] });
  assert.equal(jim.getUnreadMsgCnt({ username: "bobby" }), 0);
});

test("a list of what was missed is acknowledged and counted", async () => {
  await online();
  const calls = heard("onSyncConversation", "onSyncEvent", "onSyncMsgReceipt");
  const entry = { msg_type: 3, from_appkey: "K", from_username: "bobby", key: 2, unsync_count: 2, receipt_msgs: [], msgs: [message(1), message(2)] };
  last().push("sync_conversation", { sync_key: 2, messages: [entry] });
  last().push("sync_event", { sync_key: 9, events: [{ event_id: 9, event_type: 56, extra: 59, from_uid: 3 }] });
  const receipt = (id) => ({ type: 3, appkey: "K", username: "bobby", receipt_msgs: [{ msg_id: id, unread_count: 0 }] });
  last().push("sync_receipt", { sync_key: 4, receipts: [receipt(1), receipt(2)] });
  assert.deepEqual(["sync_conversation_ack", "sync_event_ack", "sync_receipt_ack"].map((name) => request(name).sync_key), [2, 9, 4]); // prettier-ignore
  const [[, [told]], [, events], [, receipts]] = calls;
  assert.deepEqual([told.unread_msg_count, told.unsync_count, told.msgs.length], [2, undefined, 2]);
  assert.deepEqual(events, [{ event_id: 9, event_type: 56, by_self: true }]);
  assert.deepEqual(receipts.map(({ receipt_msgs: msgs }) => msgs.length), [2]); // prettier-ignore
  for (let i = 0; i < 8; i += 1) {
    clock.pass(20_000);
    last().receive("3");
  }
  assert.deepEqual(request("sync_check"), { sync_key: 2, sync_type: 0, sync_event_key: 9, msg_receipt_key: 4 });
});

test("read on another device: the number falls, and that is told", async () => {
  await online();
  const calls = heard("onMutiUnreadMsgUpdate", "onEventNotification");
  last().push("msg_sync", { messages: [message(100)] });
  last().push("msg_sync", { messages: [message(200)] });
  last().push("event_notification", { event_type: 200, ctime_ms: 150, description: { type: 3, appkey: "K", username: "bobby" } });
  assert.deepEqual(calls, [["onMutiUnreadMsgUpdate", { type: 3, username: "bobby", appkey: "K", unreadCount: 1 }]]);
});

test("what is noted about a conversation is kept here, sent, and taken over from other devices", async () => {
  answers.update_conversation = {};
  answers.list_conversations = { conversations: [{ type: 4, gid: 5, key: 5, conversation_id: 5, last_seq: 1, extras: { a: 1 } }] };
  await online();
  jim.updateConversation({ username: "bobby", extras: { pinned: true } });
  assert.deepEqual(request("update_conversation"), { type: 3, appkey: "K", username: "bobby", extras: { pinned: true } });
  answers.get_conversations = {
    conversations: [
      { type: 3, key: 2, username: "bobby", appkey: "K", utime: 1 },
      { type: 4, key: 5, name: "g", appkey: "K" },
    ],
  };
  const extras = async () => (await jim.getConversation()).conversations.map((row) => row.extras);
  assert.deepEqual(await extras(), [{ pinned: true }, { a: 1 }]);
  last().push("conversation_change", { type: 4, gid: 5, conversation_id: 5, extras: { a: 2 } });
  assert.deepEqual(await extras(), [{ pinned: true }, { a: 2 }]);
  answers.update_conversation = null;
  jim.updateConversation({ gid: 5, extras: { a: 3 } });
  last().push("conversation_change", { type: 4, gid: 5, conversation_id: 5, extras: { a: 2 } });
  assert.deepEqual(await extras(), [{ pinned: true }, { a: 3 }]); // ours is under way, and newer
  last().push("update_conversation", { code: 0, rid: last().events("update_conversation").at(-1).data.rid });
  await settle();
  answers.update_conversation = {};
  const large = { text: "é".repeat(251) }; // with its frame 513 bytes
  jim.updateConversation({ gid: 5, extras: large });
  last().push("conversation_change", { type: 4, gid: 5, conversation_id: 5, extras: {} });
  assert.deepEqual([await extras(), last().events("update_conversation").length], [[{ pinned: true }, large], 2]);
  jim.updateConversation({ gid: 5, extras: { text: "é".repeat(250) } });
  await settle();
  last().push("conversation_change", { type: 4, gid: 5, conversation_id: 5, extras: {} });
  assert.deepEqual([await extras(), last().events("update_conversation").length], [[{ pinned: true }, {}], 3]);
});

test("events come with their documented members", async () => {
  await online();
  const calls = heard("onEventNotification");
  last().push("event_notification", { event_id: 1, event_type: 55, from_gid: 0, msg_ids: [1], from_uid: 2 });
  last().push("event_notification", { event_id: 2, event_type: 100, extra: 7, description: '{"memo_name":"Bob"}' });
  assert.deepEqual(calls, [
    ["onEventNotification", { event_id: 1, event_type: 55, from_gid: 0, msg_ids: [1], type: 0 }],
    ["onEventNotification", { event_id: 2, event_type: 100, extra: 7, description: { memo_name: "Bob" } }],
  ]);
});

test("room messages, commands and receipts are told as they are; profiles when they are newer", async () => {
  await online();
  answers.get_friend_list = { friend_list: [{ uid: 2, username: "bobby", mtime: 5 }] };
  assert.deepEqual((await jim.getFriendList()).friend_list, [{ username: "bobby", mtime: 5 }]);
  const calls = heard("onRoomMsg", "onTransMsgRec", "onMsgReceiptChange", "onUserInfUpdate");
  last().push("room_msg_sync_his", { room_id: 1, messages: [{ room_id: 1, msgs: [{ room_id: 1, msg_id: 1 }, { room_id: 1, msg_id: 2 }] }] }); // prettier-ignore
  last().push("trans_msg_rec", { type: 3, cmd: "go" });
  last().push("receipt_change", { type: 4, gid: 1, receipt_msgs: [] });
  for (const [id, modified] of [[1, 5], [2, 6], [3, 6]]) { // prettier-ignore
    const one = message(id);
    last().push("msg_sync", { messages: [{ ...one, content: { ...one.content, sui_mtime: modified } }] });
  }
  assert.deepEqual(calls.map(([name]) => name), ["onRoomMsg", "onRoomMsg", "onTransMsgRec", "onMsgReceiptChange", "onUserInfUpdate"]); // prettier-ignore
});

test("receipts are sent together, and every caller gets the answer with its own ids", async () => {
  await online();
  answers.receipt_report = { username: "bobby", appkey: "K" };
  const both = [jim.addSingleReceiptReport({ username: "bobby", msg_ids: [1] }), jim.addSingleReceiptReport({ username: "bobby", msg_ids: ["2"] })];
  clock.pass(1_999);
  assert.equal(last().events("receipt_report").length, 0);
  clock.pass(1);
  assert.deepEqual(request("receipt_report"), { sessions: [{ username: "bobby", appkey: "K", type: 3, msg_ids: [1, 2] }] });
  assert.deepEqual((await Promise.all(both)).map(({ msg_ids: ids }) => ids), [[1], [2]]); // prettier-ignore
  jim.addGroupReceiptReport({ gid: 5, msg_ids: Array.from({ length: 50 }, (_, i) => i + 1) });
  clock.pass(50);
  assert.equal(request("receipt_report").sessions[0].msg_ids.length, 50);
});

test("a lost link comes back by itself: signed in again, and what was missed is fetched by its cursor", async () => {
  await online();
  const calls = heard("onDisconnect", "onSyncConversation", "onConnection");
  last().push("msg_sync", { messages: [message(1)] });
  const row = { type: 3, key: 2, username: "bobby", appkey: "K", conversation_id: 7, last_seq: 3, unread_count: 2 };
  answers.list_conversations = { conversations: [row] };
  answers.get_messages = { messages: [message(2), message(3)], has_more: false };
  last().close();
  assert.equal(jim.isConnect(), false);
  clock.pass(1_000);
  await connected();
  assert.deepEqual(
    last().events().map(({ name }) => name),
    ["c_init", "login", "sync_check", "list_conversations", "get_messages"],
  ); // prettier-ignore
  assert.deepEqual(request("sync_check").sync_key, 1);
  assert.deepEqual(request("get_messages"), { type: 3, username: "bobby", appkey: "K", after: 1, limit: 100 });
  const [told] = calls.filter(([name]) => name === "onSyncConversation").map(([, data]) => data);
  assert.deepEqual(told[0].msgs.map(({ msg_id: id }) => id), [2, 3]); // prettier-ignore
  assert.equal(jim.getUnreadMsgCnt({ username: "bobby" }), 3);
  assert.ok(calls.every(([name]) => name !== "onDisconnect"));
});

test("when the signature has grown old, a new one is asked for; without a way to it the application is told", async () => {
  jim.close();
  jim = newcomer({ signature: async () => ({ ...PAYLOAD, signature: "new" }) });
  await online();
  const calls = heard("onDisconnect");
  answers.c_init = ({ signature }) => (signature === "new" ? {} : { code: 880106 });
  last().close();
  clock.pass(1_000);
  await connected();
  assert.deepEqual([jim.isLogin(), calls.length], [true, 0]);
  answers.c_init = { code: 880106 };
  last().close();
  clock.pass(3_000);
  await connected();
  assert.deepEqual([jim.isConnect(), jim.isInit(), jim.isLogin(), calls.length], [true, false, false, 1]);
  answers.c_init = {};
  await jim.init(PAYLOAD);
  await jim.login({ username: "alice", password: "secret" });
  assert.equal(jim.isLogin(), true);
});

test("without resuming, each loss is the application's", async () => {
  jim.close();
  jim = newcomer({ resume: false });
  await online();
  const calls = heard("onDisconnect");
  last().close();
  assert.deepEqual([calls.length, jim.isInit(), jim.isLogin()], [1, false, false]);
});

test("being forced offline is acknowledged, told, and final", async () => {
  await online();
  const calls = heard("onEventNotification", "onDisconnect");
  const first = last();
  first.push("event_notification", { event_id: 9, event_type: 1, extra: 0, from_uid: 1, gid: 0 });
  assert.deepEqual(calls, [["onEventNotification", { event_id: 9, event_type: 1, extra: 0, gid: 0 }]]);
  const { rid: _, ...acknowledged } = first.events("event_notification")[0].data;
  assert.deepEqual(acknowledged, { event_id: 9, event_type: 1, from_uid: 1, gid: 0 });
  await connected();
  assert.notEqual(last(), first);
  assert.deepEqual([jim.isInit(), jim.isLogin(), last().events().length], [false, false, 0]);
});

test("logging out says goodbye; init comes back", async () => {
  await online();
  jim.loginOut();
  assert.equal(last().frames.at(-1), "41");
  assert.deepEqual([jim.isConnect(), jim.isInit(), jim.isLogin()], [false, false, false]);
  const again = jim.init(PAYLOAD);
  await connected();
  await again;
  assert.equal(jim.isInit(), true);
});

test("who introduces another application leaves first", async () => {
  await online();
  const first = last();
  const again = jim.init({ ...PAYLOAD, appkey: "L" });
  await connected();
  await again;
  assert.equal(first.frames.at(-1), "41");
  assert.deepEqual([last() === first, jim.isInit(), jim.isLogin(), request("c_init").appkey], [false, true, false, "L"]);
});

test("a call can be aborted", async () => {
  await online();
  answers.room_list_self = null;
  const stop = new AbortController();
  const failures = [];
  const call = jim.getSelfChatrooms({ signal: stop.signal }).onFail(({ code }) => failures.push(code));
  stop.abort();
  await assert.rejects(async () => call, { name: "AbortError" });
  assert.deepEqual(failures, [880001]);
});
