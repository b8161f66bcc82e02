import assert from "node:assert/strict";
import { test } from "node:test";

import { Timeline } from "../../../static/chat/model/timeline.js";

function message(seq, more = {}) {
  return { id: 100 + seq, seq, at: seq, stamp: 0, mine: false, retracted: false, status: "sent", body: {}, ...more };
}

function echo(stamp) {
  return { key: `e${stamp}`, revision: 0, id: 0, seq: 0, at: stamp, stamp, mine: true, status: "sending", body: {} };
}

function ready(...seqs) {
  const timeline = new Timeline();
  for (const seq of seqs) timeline.add(message(seq));
  timeline.state = "ready";
  timeline.sync(seqs.at(-1) ?? 0);
  return timeline;
}

const seqs = (timeline) => timeline.items.map(({ seq }) => seq);

test("messages stand in the order of seq, whatever the order of arrival, and once", () => {
  const order = [5, 1, 4, 2, 2, 3, 5, 1];
  const timeline = new Timeline();
  for (const seq of order) timeline.add(message(seq));
  assert.deepEqual(seqs(timeline), [1, 2, 3, 4, 5]);
});

test("random arrivals with echoes among them end in one order, without doubles", () => {
  let state = 7;
  const random = (below) => (state = (state * 1103515245 + 12345) % 2 ** 31) % below;
  for (let round = 0; round < 200; round += 1) {
    const timeline = ready();
    const own = new Map();
    for (let step = 0; step < 40; step += 1) {
      const seq = 1 + random(12);
      const mine = seq % 3 === 0;
      if (mine && !own.has(seq) && !timeline.find(100 + seq)) own.set(seq, timeline.addEcho(echo(seq)));
      const how = random(2);
      if (mine && own.has(seq) && how === 0) timeline.confirm(own.get(seq), message(seq));
      else timeline.add(message(seq, { mine, stamp: mine ? seq : 0 }));
    }
    const sent = timeline.items.filter(({ status }) => status === "sent").map(({ seq }) => seq);
    assert.deepEqual(sent, [...new Set(sent)].sort((a, b) => a - b));
    const unsent = timeline.items.findIndex(({ status }) => status !== "sent");
    assert.ok(unsent === -1 || unsent >= sent.length);
  }
});

test("unsent messages come last, in the order in which they were written", () => {
  const timeline = ready(1);
  timeline.addEcho(echo(10));
  timeline.addEcho(echo(11));
  timeline.add(message(2));
  assert.deepEqual(timeline.items.map(({ seq, stamp }) => seq || stamp), [1, 2, 10, 11]);
});

test("a confirmed echo keeps its key and takes its place", () => {
  const timeline = ready(1);
  const mine = timeline.addEcho(echo(10));
  timeline.add(message(3));
  timeline.confirm(mine, { id: 102, seq: 2, at: 9 });
  assert.deepEqual(seqs(timeline), [1, 2, 3]);
  assert.equal(timeline.items[1].key, "e10");
  assert.equal(timeline.items[1].status, "sent");
});

test("the server's copy of an echo is recognised by its stamp, before and after the answer", () => {
  const timeline = ready(1);
  const mine = timeline.addEcho(echo(10));
  assert.equal(timeline.add(message(2, { mine: true, stamp: 10 })), mine);
  timeline.confirm(mine, { id: 102, seq: 2, at: 9 });
  assert.deepEqual(seqs(timeline), [1, 2]);
});

test("an echo whose copy came first without a stamp takes its place", () => {
  const timeline = ready(1);
  const mine = timeline.addEcho(echo(10));
  timeline.add(message(2, { mine: true }));
  timeline.confirm(mine, { id: 102, seq: 2, at: 9 });
  assert.deepEqual(timeline.items.map(({ key }) => key), ["m101", "e10"]);
});

test("holes are known until they are filled", () => {
  const timeline = ready(1, 2);
  timeline.add(message(3));
  assert.equal(timeline.hasHole, false);
  timeline.add(message(6));
  assert.equal(timeline.hasHole, true);
  assert.equal(timeline.syncedTo, 3);
  timeline.add(message(5));
  timeline.add(message(4));
  assert.equal(timeline.hasHole, false);
  assert.equal(timeline.syncedTo, 6);
});

test("a number that nobody here may see is no hole once the server said so", () => {
  const timeline = ready(1, 2);
  timeline.add(message(4));
  timeline.sync(4);
  assert.equal(timeline.hasHole, false);
});

test("messages outside the sequence stay where they came", () => {
  const timeline = ready(1, 2);
  timeline.add(message(0, { id: 900 }));
  timeline.add(message(3));
  timeline.add(message(0, { id: 901 }));
  timeline.add(message(0, { id: 900 }));
  assert.deepEqual(timeline.items.map(({ id }) => id), [101, 102, 900, 103, 901]);
});

test("a retraction empties the message, also when a page brings it", () => {
  const timeline = ready(1, 2);
  assert.equal(timeline.retract([101, 555]).length, 1);
  assert.equal(timeline.retract([101]).length, 0);
  timeline.add(message(2, { retracted: true, body: null }));
  assert.deepEqual(timeline.items.map(({ retracted, body }) => [retracted, body]), [[true, null], [true, null]]);
  assert.equal(timeline.unreadAfter(0), 0);
});
