import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Clock } from "../setup.js";
import { FakeSocket, settle } from "./sockets.js";
import { Session } from "../../../static/sdk/core/session.js";
import { Lost } from "../../../static/sdk/core/errors.js";

const ALICE = { username: "alice", password: "0".repeat(32) };
const SIGNATURE = { appkey: "K", timestamp: 1, random_str: "r", signature: "s" };

let clock, answers, sockets, states, ready, ended, pushes, session, signatures;

beforeEach(() => {
  clock = new Clock();
  answers = { c_init: {}, login: { username: "alice", uid: 1 }, echo: { text: "hi" } };
  [sockets, states, ready, ended, pushes] = [[], [], [], [], []];
  signatures = { current: async () => SIGNATURE, renew: async () => ({ ...SIGNATURE, signature: "new" }) };
  session = new Session({
    connect: () => sockets[sockets.push(new FakeSocket(answers)) - 1],
    signatures,
    random: () => 1,
  });
  session.addEventListener("state", ({ detail }) => states.push(detail.name));
  session.addEventListener("ready", ({ detail }) => ready.push(detail));
  session.addEventListener("ended", ({ detail }) => ended.push(detail));
  session.addEventListener("push", ({ detail }) => pushes.push(detail));
});

afterEach(() => clock.stop());

async function online(options) {
  session.open(ALICE, options);
  await settle();
  sockets.at(-1).hello();
  await settle();
}

test("signing in: c_init with the signature, then login, then ready", async () => {
  await online();
  const [init, login] = sockets[0].events();
  assert.equal(init.name, "c_init");
  assert.deepEqual({ ...init.data, rid: 0 }, { ...SIGNATURE, flag: 0, fromPlatForm: "j", rid: 0 });
  assert.deepEqual({ ...login.data, rid: 0 }, { ...ALICE, is_md5: true, version: "2.5.0", rid: 0 });
  assert.equal(session.isOnline, true);
  assert.equal(ready[0].uid, 1);
  assert.equal((await session.ask("echo", {})).text, "hi");
});

test("requests before the login are lost at once", async () => {
  await assert.rejects(session.ask("echo", {}), Lost);
});

test("an expired signature is renewed on the same connection", async () => {
  let tries = 0;
  answers.c_init = () => (tries++ === 0 ? { code: 880106 } : {});
  await online();
  assert.equal(session.isOnline, true);
  assert.deepEqual(
    sockets[0].events().map(({ name, data }) => data.signature ?? name),
    ["s", "new", "login"],
  );
});

test("after a loss it waits, longer each time, and logs in again", async () => {
  await online();
  const open = session.ask("unanswered", {});
  sockets[0].close();
  await assert.rejects(open, Lost);
  assert.equal(session.state.name, "waiting");
  assert.equal(session.state.until, Date.now() + 1000);
  clock.pass(1000);
  await settle();
  sockets[1].close(); // refused
  await settle();
  assert.equal(session.state.until, Date.now() + 2000);
  clock.pass(2000);
  await settle();
  sockets[2].hello();
  await settle();
  assert.equal(session.isOnline, true);
  assert.equal(ready.length, 2);
});

test("the wait starts small again once a connection has lasted", async () => {
  await online();
  clock.pass(10_000);
  sockets[0].close();
  assert.equal(session.state.until, Date.now() + 1000);
});

test("try now does not wait, and does nothing while connecting", async () => {
  await online();
  sockets[0].close();
  session.tryNow();
  await settle();
  session.tryNow();
  session.wake();
  await settle();
  assert.equal(sockets.length, 2);
});

test("a connection without any frame for ping interval and timeout is given up", async () => {
  await online();
  clock.pass(84_999);
  assert.equal(session.isOnline, true);
  assert.ok(sockets[0].frames.includes("2"));
  clock.pass(1);
  assert.equal(session.isOnline, false);
});

test("pings follow every pong", async () => {
  await online();
  for (let i = 1; i <= 5; i += 1) {
    clock.pass(25_000);
    assert.equal(sockets[0].frames.filter((frame) => frame === "2").length, i);
    sockets[0].receive("3");
  }
  assert.equal(session.isOnline, true);
});

test("waking up probes a connection and gives it up when nothing comes", async () => {
  await online();
  session.wake();
  sockets[0].receive("3");
  clock.pass(6_000);
  assert.equal(session.isOnline, true);
  session.wake();
  clock.pass(5_000);
  assert.equal(session.state.name, "waiting");
});

test("a missing acknowledgement makes it doubt the connection", async () => {
  await online();
  sockets[0].send = () => {};
  const lost = assert.rejects(session.ask("echo", {}), Lost);
  clock.pass(10_000); // no acknowledgement, and then no answer to the probe either
  await lost;
  assert.equal(session.state.name, "waiting");
});

test("a wrong password ends it, other refusals are tried again", async () => {
  answers.login = { code: 882001 };
  await online();
  assert.equal(session.state.name, "waiting");
  answers.login = { code: 880104 };
  session.tryNow();
  await settle();
  sockets.at(-1).hello();
  await settle();
  assert.equal(session.state.name, "closed");
  assert.equal(ended[0].reason, "refused");
  assert.equal(ended[0].error.code, 880104);
  clock.pass(120_000);
  assert.equal(sockets.length, 2);
});

test("a first sign-in is tried once", async () => {
  session.open(ALICE, { once: true });
  await settle();
  sockets[0].close();
  await settle();
  assert.equal(ended[0].reason, "unreachable");
  assert.equal(session.state.name, "closed");
});

test("once signed in, a loss is followed by new attempts also after a first sign-in", async () => {
  await online({ once: true });
  sockets[0].close();
  assert.equal(session.state.name, "waiting");
});

test("being forced offline is acknowledged and final", async () => {
  await online();
  sockets[0].push("event_notification", { event_id: 9, event_type: 1, extra: 0, from_uid: 1, gid: 0 });
  const ack = sockets[0].events().at(-1);
  assert.deepEqual({ ...ack.data, rid: 0 }, { event_id: 9, event_type: 1, from_uid: 1, gid: 0, rid: 0 });
  assert.equal(ended[0].reason, "kicked");
  assert.equal(sockets[0].closed, true);
  clock.pass(120_000);
  assert.equal(sockets.length, 1);
});

test("a changed password is final too; other events are pushed on", async () => {
  await online();
  sockets[0].push("event_notification", { event_id: 1, event_type: 55, extra: 0 });
  sockets[0].push("msg_sync", { messages: [] });
  assert.deepEqual(
    pushes.map(({ name }) => name),
    ["event_notification", "msg_sync"],
  );
  sockets[0].push("event_notification", { event_id: 2, event_type: 2, extra: 0 });
  assert.equal(ended[0].reason, "password");
});

test("closing says goodbye and stays closed", async () => {
  await online();
  session.close();
  assert.equal(sockets[0].frames.at(-1), "41");
  clock.pass(120_000);
  assert.equal(sockets.length, 1);
  assert.equal(session.state.name, "closed");
});

test("closing in the middle of an attempt leaves no connection behind", async () => {
  session.open(ALICE);
  await settle();
  session.close();
  await settle();
  assert.equal(sockets[0].closed, true);
  assert.deepEqual(ended, []);
});
