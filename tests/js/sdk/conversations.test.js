import assert from "node:assert/strict";
import { test } from "node:test";

import { Conversations, groupPlace, placeOf, singlePlace } from "../../../static/sdk/jmessage/conversations.js";

const ME = { username: "alice", appkey: "K" };
const BOB = singlePlace("K", "bobby");

function message(id, from = "bobby") {
  return { msg_id: id, msg_type: 3, from_appkey: "K", from_username: from, ctime_ms: id, content: { target_id: "bobby", target_appkey: "K" } };
}

test("a message belongs to the conversation with the other, own ones to that with their target", () => {
  assert.deepEqual(placeOf(message(1), ME), BOB);
  assert.deepEqual(placeOf(message(1, "alice"), ME), BOB);
  assert.deepEqual(placeOf({ msg_type: 4, from_gid: 5 }, ME), groupPlace("5"));
});

test("a whole list sets the number, others add to it", () => {
  const all = new Conversations(ME);
  assert.equal(all.synced(BOB, [message(1), message(2), message(3)], 2, true), 2);
  assert.equal(all.synced(BOB, [message(4)], 1, false), 3);
  all.live(message(5));
  assert.equal(all.unread(BOB), 4);
  assert.equal(all.synced(BOB, [1, 2, 3, 4, 5].map((id) => message(id)), 1, true), 4); // prettier-ignore
});

test("after reading, what is newer counts; one's own word begins anew", () => {
  const all = new Conversations(ME);
  all.live(message(10));
  all.reset(BOB);
  all.reset(groupPlace(1)); // and went on to another
  assert.equal(all.synced(BOB, [message(9), message(10), message(11), message(12)], 4, false), 2);
  assert.equal(all.synced(BOB, [message(13, "alice"), message(14)], 1, false), 1);
});

test("what was counted before the page was loaded is not counted when it comes again", () => {
  const before = new Conversations(ME);
  before.live(message(10));
  const all = new Conversations(ME);
  all.load(structuredClone(before.saved()));
  assert.equal(all.synced(BOB, [message(10), message(11)], 2, false), 2);
});

test("read elsewhere up to a moment leaves what is newer", () => {
  const all = new Conversations(ME);
  for (const id of [1, 2, 3]) all.live(message(id));
  assert.equal(all.readElsewhere(BOB, 2), true);
  assert.equal(all.unread(BOB), 1);
  assert.equal(all.readElsewhere(BOB, 2), false);
});

test("the latest conversations are saved, five hundred at most", () => {
  const all = new Conversations(ME);
  for (let id = 1; id <= 501; id += 1) all.live({ ...message(id), msg_type: 4, from_gid: id });
  const saved = all.saved();
  assert.deepEqual([saved.length, saved[0].gid, saved.at(-1).gid], [500, 501, 2]);
});
