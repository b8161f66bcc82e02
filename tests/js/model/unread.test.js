import assert from "node:assert/strict";
import { test } from "node:test";

import { Unread } from "../../../static/chat/model/unread.js";

test("the server's count and what came since", () => {
  const unread = new Unread();
  unread.counted({ unread: 2, lastSeq: 5, readSeq: 3 });
  unread.arrived(6, false);
  unread.arrived(7, true);
  unread.arrived(6, false);
  assert.equal(unread.value, 3);
});

test("a push that the count knew already is not counted twice, whichever came first", () => {
  const one = new Unread();
  one.arrived(5, false);
  one.counted({ unread: 1, lastSeq: 5, readSeq: 4 });
  const other = new Unread();
  other.counted({ unread: 1, lastSeq: 5, readSeq: 4 });
  other.arrived(5, false);
  assert.deepEqual([one.value, other.value], [1, 1]);
});

test("a count made before the push keeps the push", () => {
  const unread = new Unread();
  unread.arrived(6, false);
  unread.counted({ unread: 1, lastSeq: 5, readSeq: 4 });
  assert.equal(unread.value, 2);
});

test("reading leaves what came later", () => {
  const unread = new Unread();
  unread.counted({ unread: 4, lastSeq: 9, readSeq: 5 });
  unread.arrived(10, false);
  unread.read(8, { left: 2, lastSeq: 10 });
  assert.equal(unread.value, 2);
  unread.read(7);
  assert.equal(unread.value, 2);
  unread.read(10);
  assert.equal(unread.value, 0);
});

test("a count from before the reading is ignored, one from after it is believed", () => {
  const unread = new Unread();
  unread.counted({ unread: 3, lastSeq: 9, readSeq: 6 });
  unread.read(9);
  unread.counted({ unread: 3, lastSeq: 9, readSeq: 6 });
  assert.equal(unread.value, 0);
  unread.counted({ unread: 1, lastSeq: 10, readSeq: 9 });
  assert.equal(unread.value, 1);
});

test("every order of count, pushes and reading agrees", () => {
  const steps = [
    (unread) => unread.counted({ unread: 2, lastSeq: 4, readSeq: 2 }),
    (unread) => unread.arrived(4, false),
    (unread) => unread.arrived(5, false),
    (unread) => unread.arrived(6, true),
  ];
  for (const order of permutations(steps)) {
    const unread = new Unread();
    for (const step of order) step(unread);
    assert.equal(unread.value, 3);
  }
});

function permutations(list) {
  if (list.length < 2) return [list];
  return list.flatMap((first, i) => permutations(list.filter((_, j) => j !== i)).map((rest) => [first, ...rest]));
}
