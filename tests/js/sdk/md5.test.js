import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { md5 } from "../../../static/sdk/core/md5.js";

const KNOWN = [
  ["", "d41d8cd98f00b204e9800998ecf8427e"],
  ["a", "0cc175b9c0f1b6a831c399e269772661"],
  ["abc", "900150983cd24fb0d6963f7d28e17f72"],
  ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
  ["12345678901234567890123456789012345678901234567890123456789012345678901234567890", "57edf4a22be3c955ac49da2e2107b67a"],
];

test("the examples of RFC 1321", () => {
  for (const [text, digest] of KNOWN) assert.equal(md5(text), digest);
});

test("every length around the block's edges, and text outside ASCII", () => {
  for (let length = 0; length < 200; length += 1) {
    const text = [..."密碼é🙂x".repeat(40)].slice(0, length).join("");
    assert.equal(md5(text), createHash("md5").update(text, "utf8").digest("hex"), `length ${length}`);
  }
});
