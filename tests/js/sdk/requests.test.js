import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Clock } from "../setup.js";
import { Requests } from "../../../static/sdk/core/requests.js";
import { Lost, NoAnswer, Refusal } from "../../../static/sdk/core/errors.js";

let clock, sent, silences, requests;

beforeEach(() => {
  clock = new Clock();
  sent = [];
  silences = 0;
  requests = new Requests(
    (name, data) => sent.push({ name, data }),
    () => (silences += 1),
  );
});

afterEach(() => clock.stop());

test("an answer is found by rid and comes without it", async () => {
  const answer = requests.ask("get_groups_list", { a: 1 });
  const { rid } = sent[0].data;
  assert.ok(Number.isInteger(rid) && rid >= 1 && rid <= 2147483647);
  requests.received("ack", { rid });
  assert.equal(requests.received("another_name", { rid, code: 0, group_list: [] }), true);
  assert.deepEqual(await answer, { code: 0, group_list: [] });
});

test("a code is a refusal", async () => {
  const answer = requests.ask("login", {});
  requests.received("login", { rid: sent[0].data.rid, code: 880104, message: "invalid password" });
  await assert.rejects(answer, (error) => error instanceof Refusal && error.code === 880104);
});

test("what is not acknowledged is sent again, the same, five times in all", async () => {
  const answer = requests.ask("send", { text: "x" });
  clock.pass(29_999);
  assert.equal(sent.length, 5);
  assert.deepEqual(new Set(sent.map(({ data }) => JSON.stringify(data))).size, 1);
  assert.ok(silences >= 4);
  clock.pass(1);
  await assert.rejects(answer, NoAnswer);
});

test("after the acknowledgement nothing is sent again, but the answer is still awaited for 30 s", async () => {
  const answer = requests.ask("send", {});
  requests.received("ack", { rid: sent[0].data.rid });
  clock.pass(29_000);
  assert.equal(sent.length, 1);
  clock.pass(1_000);
  await assert.rejects(answer, NoAnswer);
});

test("an answer alone ends the sending too", async () => {
  const answer = requests.ask("send", {});
  requests.received("send", { rid: sent[0].data.rid, code: 0 });
  clock.pass(60_000);
  await answer;
  assert.equal(sent.length, 1);
});

test("telling is content with the acknowledgement and gives up after five times", async () => {
  const told = requests.tell("msg_recv_v2", { msg_id: 1 });
  requests.received("ack", { rid: sent[0].data.rid });
  await told;
  const untold = requests.tell("msg_recv_v2", { msg_id: 2 });
  clock.pass(25_000);
  await assert.rejects(untold, NoAnswer);
  assert.equal(sent.length, 6);
});

test("when the connection ends, everything open is lost at once and its timers with it", async () => {
  const answers = [requests.ask("a"), requests.tell("b")];
  requests.lose();
  for (const answer of answers) await assert.rejects(answer, Lost);
  clock.pass(60_000);
  assert.equal(sent.length, 2);
});

test("pushes and strangers' answers are not taken for answers", () => {
  requests.ask("a").catch(() => {});
  assert.equal(requests.received("msg_sync", { messages: [] }), false);
  assert.equal(requests.received("late", { rid: sent[0].data.rid + 1, code: 0 }), false);
  assert.equal(requests.received("ack", { rid: sent[0].data.rid + 1 }), true);
  requests.lose();
});

test("patient requests send again what was not answered for 30 s, five transmissions in all", async () => {
  const patient = new Requests((name, data) => sent.push({ name, data }), () => {}, { patient: true });
  const answer = patient.ask("send", { text: "x" });
  patient.received("ack", { rid: sent[0].data.rid });
  for (let times = 1; times < 5; times += 1) {
    clock.pass(29_999);
    assert.equal(sent.length, times);
    clock.pass(1);
    patient.received("ack", { rid: sent[0].data.rid });
  }
  clock.pass(30_000);
  await assert.rejects(answer, (error) => error instanceof NoAnswer && error.acknowledged);
  assert.equal(new Set(sent.map(({ data }) => JSON.stringify(data))).size, 1);
  clock.pass(120_000);
  assert.equal(sent.length, 5);
});

test("patient requests that nobody acknowledges end after five transmissions, 25 s", async () => {
  const patient = new Requests((name, data) => sent.push({ name, data }), () => {}, { patient: true });
  const answer = patient.ask("send");
  clock.pass(24_999);
  assert.equal(sent.length, 5);
  clock.pass(1);
  await assert.rejects(answer, (error) => error instanceof NoAnswer && !error.acknowledged);
});

test("on a new connection what is under way goes out again, the same", async () => {
  const first = requests.ask("a");
  const second = requests.ask("b");
  requests.sendAgain();
  assert.deepEqual(sent.slice(2), sent.slice(0, 2));
  for (const { data } of sent.slice(2)) requests.received("x", { rid: data.rid, code: 0 });
  await Promise.all([first, second]);
});

test("an aborted request is waited for no more, and its timers are gone", async () => {
  const stop = new AbortController();
  const answer = requests.ask("send", {}, { signal: stop.signal });
  stop.abort();
  await assert.rejects(answer, { name: "AbortError" });
  clock.pass(60_000);
  assert.equal(sent.length, 1);
  await assert.rejects(requests.ask("send", {}, { signal: stop.signal }), { name: "AbortError" });
  assert.equal(sent.length, 1);
});

test("the acknowledgement is told once", () => {
  const told = [];
  requests.ask("send", {}, { onAck: (rid) => told.push(rid) }).catch(() => {});
  const { rid } = sent[0].data;
  requests.received("ack", { rid });
  requests.received("ack", { rid });
  assert.deepEqual(told, [rid]);
  requests.lose();
});

test("a refusal carries the whole answer", async () => {
  const answer = requests.ask("receipt_report");
  requests.received("receipt_report", { rid: sent[0].data.rid, code: 880003, message: "no", username: "bobby" });
  await assert.rejects(answer, (error) => error.answer.username === "bobby" && error.answer.code === 880003);
});
