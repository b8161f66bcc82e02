import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Clock } from "../setup.js";
import { Chat } from "../../../static/chat/model/chat.js";
import { userKey } from "../../../static/chat/model/wire.js";
import { FakeServer, ME } from "./fake_server.js";

let clock, server, chat, arrived;

beforeEach(() => {
  clock = new Clock(5_000_000);
  server = new FakeServer();
  chat = new Chat({ me: ME, server });
  arrived = [];
  chat.addEventListener("arrived", ({ detail }) => arrived.push(detail.message.body.text));
});

afterEach(() => clock.stop());

async function settle() {
  for (let i = 0; i < 60; i += 1) await Promise.resolve();
}

async function opened(name = "bob") {
  await chat.ready();
  const conversation = chat.conversations.find(userKey("K", name));
  chat.open(conversation);
  await settle();
  return conversation;
}

function push(wire) {
  if (server.isOnline) chat.pushed("msg_sync", { messages: [wire] });
}

async function reconnect() {
  server.isOnline = true;
  server.loseReplies = false;
  await chat.ready();
  await settle();
}

const texts = (conversation) => conversation.timeline.items.map(({ body }) => body?.text);
const statuses = (conversation) => conversation.timeline.items.map(({ status }) => status);

test("the list has rows with counts, newest first, and groups without messages", async () => {
  server.fill("bob", 3);
  server.fill("carol", 1);
  server.groups = [{ gid: 7, name: "Club", avatar: "", ctime: 1 }];
  await chat.ready();
  const rows = chat.conversations.list;
  assert.deepEqual(rows.map(({ title }) => title), ["carol", "bob", "Club"]);
  assert.deepEqual(rows.map(({ unread }) => unread.value), [1, 3, 0]);
  assert.equal(rows[1].lastMessage.body.text, "bob 3");
  assert.equal(chat.conversations.unread, 4);
});

test("opening loads the last page, scrolling up the ones before, to the beginning", async () => {
  server.fill("bob", 75);
  server.thread("bob").readSeq = 75;
  const bob = await opened();
  assert.equal(bob.timeline.items.length, 30);
  await chat.older(bob);
  await chat.older(bob);
  await chat.older(bob);
  assert.equal(bob.timeline.hasOlder, false);
  assert.deepEqual(texts(bob), Array.from({ length: 75 }, (_, i) => `bob ${i + 1}`));
  assert.equal(server.asked("get_messages").length, 3);
});

test("the first page reaches the first unread message", async () => {
  server.fill("bob", 75);
  server.thread("bob").readSeq = 20;
  const bob = await opened();
  assert.equal(bob.timeline.items.length, 65);
});

test("live messages come in, are acknowledged, counted and told once", async () => {
  server.fill("bob", 1);
  const bob = await opened();
  chat.seen(bob, 1);
  const wire = server.store("bob", { text: "live" });
  push(wire);
  push(wire);
  assert.deepEqual(texts(bob), ["bob 1", "live"]);
  assert.deepEqual(arrived, ["live"]);
  assert.equal(bob.unread.value, 1);
  assert.deepEqual(server.told[0].data, { msg_id: wire.msg_id, msg_type: 3, from_uid: 1, from_gid: 0 });
});

test("a message of a stranger makes a row and asks for the list", async () => {
  await chat.ready();
  push(server.store("dave", { text: "hello" }));
  push(server.store("dave", { text: "again" }));
  assert.equal(chat.conversations.list[0].unread.value, 2);
  clock.pass(1000);
  await settle();
  assert.equal(chat.conversations.list[0].unread.value, 2);
  assert.equal(chat.conversations.list[0].title, "dave");
});

test("a lost push is noticed by the next one and fetched", async () => {
  server.fill("bob", 2);
  const bob = await opened();
  server.store("bob", { text: "lost" });
  push(server.store("bob", { text: "next" }));
  await settle();
  assert.deepEqual(texts(bob), ["bob 1", "bob 2", "lost", "next"]);
  assert.equal(bob.timeline.hasHole, false);
});

test("a push lost in a conversation that is not open is counted after the next one", async () => {
  server.fill("bob", 2);
  await chat.ready();
  server.store("bob", { text: "lost" });
  push(server.store("bob", { text: "next" }));
  clock.pass(1000);
  await settle();
  assert.equal(chat.conversations.list[0].unread.value, 4);
});

test("after a loss it catches up page by page, in order, without doubles", async () => {
  server.fill("bob", 5);
  const bob = await opened();
  server.cut();
  server.fill("bob", 250);
  await reconnect();
  assert.equal(bob.timeline.items.length, 255);
  assert.deepEqual(bob.timeline.items.map(({ seq }) => seq), Array.from({ length: 255 }, (_, i) => i + 1));
});

test("a message that crosses the catching up stands once", async () => {
  server.fill("bob", 2);
  const bob = await opened();
  server.cut();
  server.fill("bob", 2);
  server.isOnline = true;
  server.hold.add("get_messages");
  const ready = chat.ready();
  await settle();
  push(server.store("bob", { text: "crossing" }));
  server.hold.clear();
  server.release();
  await ready;
  await settle();
  assert.deepEqual(bob.timeline.items.map(({ seq }) => seq), [1, 2, 3, 4, 5]);
});

test("what was taken back while away is taken back here", async () => {
  server.fill("bob", 3);
  const bob = await opened();
  server.cut();
  const wire = server.thread("bob").messages[1];
  Object.assign(wire, { state: "retracted", content: { ...wire.content, msg_body: undefined } });
  await reconnect();
  assert.deepEqual(texts(bob), ["bob 1", undefined, "bob 3"]);
});

test("an echo stands at once and is sent with its answer", async () => {
  server.fill("bob", 1);
  const bob = await opened();
  server.hold.add("s_across_single_text");
  chat.sendText(bob, "hi");
  assert.deepEqual(statuses(bob), ["sent", "sending"]);
  server.release();
  await settle();
  assert.deepEqual(statuses(bob), ["sent", "sent"]);
  assert.equal(bob.timeline.last.seq, 2);
  assert.equal(bob.unread.value, 0);
  const { data } = server.asked("s_across_single_text")[0];
  assert.equal(data.content.msg_body.text, "hi");
  assert.equal(data.target_id, "bob");
  assert.match(data.client_id, /^[0-9a-f]{32}$/);
});

test("what was sent before the loss, without an answer, is sent again under the same id and stands once", async () => {
  server.fill("bob", 1);
  const bob = await opened();
  server.loseReplies = true;
  chat.sendText(bob, "one");
  chat.sendText(bob, "two");
  server.cut();
  await settle();
  assert.deepEqual(statuses(bob), ["sent", "queued", "queued"]);
  chat.sendText(bob, "three");
  await settle();
  server.store("bob", { text: "meanwhile" });
  await reconnect();
  assert.deepEqual(texts(bob), ["bob 1", "one", "two", "meanwhile", "three"]);
  assert.deepEqual(new Set(statuses(bob)), new Set(["sent"]));
  const ids = server.asked("s_across_single_text").map(({ data }) => data.client_id);
  assert.equal(new Set(ids).size, 3);
  assert.equal(server.thread("bob").messages.length, 5);
});

test("a page that brings an unanswered message makes it sent, and the late answer changes nothing", async () => {
  server.fill("bob", 1);
  const bob = await opened();
  server.hold.add("s_across_single_text");
  chat.sendText(bob, "hi");
  push(server.thread("bob").messages.at(-1));
  assert.deepEqual(statuses(bob), ["sent", "sent"]);
  server.release();
  await settle();
  assert.deepEqual(texts(bob), ["bob 1", "hi"]);
  chat.outbox.flush();
  await settle();
  assert.equal(server.asked("s_across_single_text").length, 1);
});

test("a refused message fails with its reason, can be sent again or thrown away", async () => {
  server.fill("bob", 1);
  const bob = await opened();
  server.refuse.set("s_across_single_text", 880208);
  const failed = [];
  chat.addEventListener("failed", ({ detail }) => failed.push(detail.message));
  const message = chat.sendText(bob, "bad word");
  await settle();
  assert.equal(message.status, "failed");
  assert.deepEqual(failed, [message]);
  assert.equal(message.error.code, 880208);
  chat.outbox.flush();
  await settle();
  assert.equal(server.asked("s_across_single_text").length, 1);
  server.refuse.clear();
  chat.retry(message);
  await settle();
  assert.equal(message.status, "sent");
  const [first, second] = server.asked("s_across_single_text");
  assert.equal(first.data.client_id, second.data.client_id);

  server.refuse.set("s_across_single_text", 880207);
  const other = chat.sendText(bob, "unwanted");
  await settle();
  chat.discard(other);
  assert.deepEqual(texts(bob), ["bob 1", "bad word"]);
});

test("a message that waited too long is not sent without being asked", async () => {
  server.fill("bob", 1);
  const bob = await opened();
  server.cut();
  const message = chat.sendText(bob, "old news");
  await settle();
  clock.pass(16 * 60_000);
  await reconnect();
  assert.equal(message.status, "failed");
  assert.equal(message.error.name, "Stale");
  chat.retry(message);
  await settle();
  assert.equal(message.status, "sent");
});

test("an image is uploaded once and sent; a loss in between repeats what is missing", async () => {
  server.fill("bob", 1);
  const bob = await opened();
  server.refuse.set("s_across_single_text", 882001);
  const message = chat.sendImage(bob, { file: { name: "a.png" }, preview: "blob:1", width: 4, height: 3 });
  assert.equal(message.status, "uploading");
  await settle();
  assert.equal(message.status, "failed");
  server.refuse.clear();
  chat.retry(message);
  await settle();
  assert.equal(message.status, "sent");
  assert.equal(server.uploads.length, 1);
  assert.equal(server.thread("bob").messages.at(-1).content.msg_body.media_id, "image/1");
});

test("an upload that breaks off is tried again when the link is back", async () => {
  server.fill("bob", 1);
  const bob = await opened();
  server.cut();
  const message = chat.sendImage(bob, { file: { name: "a.png" }, preview: "blob:1", width: 4, height: 3 });
  await settle();
  assert.equal(message.status, "queued");
  await reconnect();
  assert.equal(message.status, "sent");
  assert.equal(server.uploads.length, 2);
});

test("reading moves the cursor here at once, on the server soon, and after a loss again", async () => {
  server.fill("bob", 4);
  const bob = await opened();
  chat.seen(bob, 3);
  assert.equal(bob.unread.value, 1);
  assert.equal(server.asked("mark_read").length, 0);
  clock.pass(500);
  await settle();
  assert.equal(server.thread("bob").readSeq, 3);
  server.cut();
  chat.seen(bob, 4);
  clock.pass(500);
  await settle();
  await reconnect();
  assert.equal(server.thread("bob").readSeq, 4);
  assert.equal(bob.unread.value, 0);
});

test("a page that is left tells at once what has been read", async () => {
  server.fill("bob", 4);
  const bob = await opened();
  chat.seen(bob, 4);
  chat.leaving();
  await settle();
  assert.equal(server.thread("bob").readSeq, 4);
  clock.pass(1000);
  await settle();
  assert.equal(server.asked("mark_read").length, 1);
});

test("own messages from elsewhere are own, mark as read, and those of the backend do not", async () => {
  server.fill("bob", 2);
  const bob = await opened();
  push(server.store("bob", { from: "alice", text: "by api", content: { from_platform: "api" } }));
  assert.equal(bob.unread.value, 2);
  push(server.store("bob", { from: "alice", text: "by phone", content: { from_platform: "a" } }));
  assert.equal(bob.unread.value, 0);
  assert.equal(bob.timeline.last.mine, true);
  assert.deepEqual(arrived, []);
});

test("read elsewhere: the server's count counts", async () => {
  server.fill("bob", 2);
  await chat.ready();
  server.thread("bob").readSeq = 2;
  chat.pushed("event_notification", { event_type: 200, description: { type: 3, username: "bob", appkey: "K" } });
  clock.pass(1000);
  await settle();
  assert.equal(chat.conversations.unread, 0);
});

test("a retraction reaches the thread and the row", async () => {
  server.fill("bob", 2);
  const bob = await opened();
  const wire = server.thread("bob").messages[1];
  chat.pushed("event_notification", { event_type: 55, msg_ids: [wire.msg_id], from_gid: 0 });
  assert.equal(bob.timeline.last.retracted, true);
  assert.equal(bob.lastMessage.retracted, true);
});

test("a group: members are asked for, a removed member's group goes, the open one stays to be read", async () => {
  server.groups = [{ gid: 7, name: "Club", avatar: "", ctime: 1 }];
  server.fill(7, 2, { from: "bob", gid: 7 });
  await chat.ready();
  const club = chat.conversations.list[0];
  chat.open(club);
  await settle();
  assert.equal(chat.people.nameOf({ username: "alice", appkey: "K" }), "Alice");
  server.groups = [];
  chat.pushed("event_notification", { event_type: 11, gid: 7 });
  clock.pass(1000);
  await settle();
  assert.equal(club.gone, true);
  chat.open(null);
  assert.deepEqual(chat.conversations.list, []);
});

test("starting with a username opens a conversation; an unknown one is refused", async () => {
  await chat.ready();
  await chat.openUser("erika");
  assert.equal(chat.current.title, "ERIKA");
  assert.equal(chat.current.timeline.state, "loading");
  await settle();
  chat.sendText(chat.current, "hello");
  await settle();
  assert.equal(server.thread("erika").messages.length, 1);
  await assert.rejects(async () => chat.openUser("nobody"), (error) => error.code === 882002);
});

test("a thread that cannot be loaded says why and can be asked again", async () => {
  server.fill("bob", 1);
  server.refuse.set("get_messages", 882001);
  const bob = await opened();
  assert.equal(bob.timeline.state, "failed");
  server.refuse.clear();
  await chat.reload(bob);
  assert.equal(bob.timeline.state, "ready");
});

test("opened without a connection, it loads when the connection is there", async () => {
  server.fill("bob", 3);
  await chat.ready();
  server.cut();
  const bob = chat.conversations.list[0];
  chat.open(bob);
  await settle();
  assert.equal(bob.timeline.state, "empty");
  await reconnect();
  assert.equal(bob.timeline.items.length, 3);
});

test("messages longer than the server takes are known before they are sent", async () => {
  server.fill("bob", 1);
  const bob = await opened();
  assert.equal(chat.fits(bob, "中".repeat(2200)), true);
  assert.equal(chat.fits(bob, "中".repeat(2400)), false);
  assert.equal(chat.fits(bob, "\n".repeat(3600)), false);
});
