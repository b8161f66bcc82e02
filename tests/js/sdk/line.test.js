import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Clock } from "../setup.js";
import { FakeSocket, settle } from "./sockets.js";
import { Lost, NoAnswer } from "../../../static/sdk/core/errors.js";
import { Line } from "../../../static/sdk/core/line.js";

let clock, answers, sockets, entries, line, events;

beforeEach(() => {
  clock = new Clock();
  answers = { hello: {}, echo: { text: "hi" } };
  [sockets, entries, events] = [[], [], []];
  line = new Line({
    connect: () => sockets[sockets.push(new FakeSocket(answers)) - 1],
    enter: async (ask) => entries.push(await ask("hello", {})),
    keepRequests: true,
    random: () => 1,
  });
  for (const type of ["ready", "lost", "push", "ended"]) line.addEventListener(type, () => events.push(type));
});

afterEach(() => {
  line.stop();
  clock.stop();
});

async function comeOnline() {
  await settle();
  sockets.at(-1).hello();
  await settle();
}

async function breakAndMend() {
  sockets.at(-1).close();
  clock.pass(1_000);
  await comeOnline();
}

test("a kept request that was under way is sent again, the same, after the new entry", async () => {
  line.start();
  await comeOnline();
  answers.echo = null;
  const answer = line.ask("echo", { text: "x" });
  answers.echo = { text: "x" };
  await breakAndMend();
  assert.equal((await answer).text, "x");
  const [again] = sockets[1].events("echo");
  assert.deepEqual(again.data, sockets[0].events("echo")[0].data);
  assert.deepEqual(
    sockets[1].events().map(({ name }) => name),
    ["hello", "echo"],
  );
  assert.deepEqual(events, ["ready", "lost", "ready"]);
});

test("a kept request of somebody who is not online yet waits for the line, and not for ever", async () => {
  line.start();
  const early = line.ask("echo", {});
  await comeOnline();
  assert.equal((await early).text, "hi");
  sockets[0].close();
  const never = line.ask("echo", {});
  clock.pass(25_000);
  await assert.rejects(never, NoAnswer);
});

test("stopping loses what is under way", async () => {
  line.start();
  await comeOnline();
  answers.echo = null;
  const answer = line.ask("echo", {});
  line.stop();
  await assert.rejects(answer, Lost);
  assert.equal(sockets[0].frames.at(-1), "41");
});

test("who has nothing to say on entering still opens the connection", async () => {
  const silent = new Line({ connect: () => sockets[sockets.push(new FakeSocket(answers)) - 1], enter: (ask) => ask() });
  silent.start();
  await comeOnline();
  assert.equal(silent.isOnline, true);
  assert.deepEqual(sockets[0].frames, []);
  silent.stop();
});
