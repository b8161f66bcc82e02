import assert from "node:assert/strict";
import { test } from "node:test";

import { eventFrame, readFrame } from "../../../static/sdk/core/codec.js";

const FRAMES = [
  ['0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":60000}', "open"],
  ["40", "connected"],
  ["41", "disconnected"],
  ["1", "close"],
  ["2", "ping"],
  ["2probe", "ping"],
  ["3", "pong"],
  ["6", "noop"],
  ['42["login",{"code":0,"rid":3}]', "event"],
  ['4217["login",{"code":0,"rid":3}]', "event"],
];

test("frames are read by their kind", () => {
  for (const [frame, kind] of FRAMES) assert.equal(readFrame(frame).kind, kind, frame);
});

test("an event is read with name and data, and written so that it reads back", () => {
  const data = { text: '你好 "x" 🙂\n', list: [1, null], rid: 7 };
  assert.deepEqual(readFrame(eventFrame("msg_sync", data)), { kind: "event", name: "msg_sync", data });
});

test("the open packet carries its data, a ping its text", () => {
  assert.equal(readFrame(FRAMES[0][0]).data.pingInterval, 25000);
  assert.equal(readFrame("2probe").text, "probe");
});

const BAD = [
  "",
  "0",
  "0[]",
  "0nonsense",
  "9",
  "42",
  "42{}",
  '42["x"]',
  '42["x",null]',
  '42["x",[]]',
  "42[1,{}]",
  '42["x",{}',
  "45",
  "hello",
  null,
  new ArrayBuffer(2),
];

test("what cannot be read is bad and never throws", () => {
  for (const frame of BAD) assert.equal(readFrame(frame).kind, "bad", String(frame));
});
