import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Clock } from "../setup.js";
import { Server } from "../../../static/chat/model/server.js";
import { Signatures } from "../../../static/sdk/core/signatures.js";
import { Lost, Refusal } from "../../../static/sdk/core/errors.js";

const FIRST = { appkey: "K", name: "Shop", timestamp: 1, random_str: "r", signature: "first", content_bytes: 1 };
const realFetch = globalThis.fetch;
let clock, asked, answer, signatures;

beforeEach(() => {
  clock = new Clock();
  asked = [];
  answer = async () => ({ ok: true, status: 200, json: async () => ({ ...FIRST, signature: "second" }) });
  globalThis.fetch = (url) => {
    asked.push(url);
    return answer();
  };
  signatures = new Signatures("/c/K/signature", FIRST);
});

afterEach(() => {
  clock.stop();
  globalThis.fetch = realFetch;
});

test("the shell's signature is used while it is fresh, and holds only what c_init wants", async () => {
  clock.pass(7 * 60_000);
  assert.deepEqual(await signatures.current(), { appkey: "K", timestamp: 1, random_str: "r", signature: "first" });
  assert.deepEqual(asked, []);
});

test("an old one is replaced, and the new one kept in turn", async () => {
  clock.pass(9 * 60_000);
  assert.equal((await signatures.current()).signature, "second");
  clock.pass(60_000);
  assert.equal((await signatures.current()).signature, "second");
  assert.deepEqual(asked, ["/c/K/signature"]);
});

test("without the server it is a loss, without the page a refusal", async () => {
  answer = () => Promise.reject(new TypeError("network"));
  await assert.rejects(signatures.renew(), Lost);
  answer = async () => ({ ok: false, status: 502 });
  await assert.rejects(signatures.renew(), Lost);
  for (const status of [403, 404]) {
    answer = async () => ({ ok: false, status });
    await assert.rejects(signatures.renew(), (error) => error instanceof Refusal && error.code === 880101);
  }
});

test("a server that was closed sends nothing in the next user's name", async () => {
  const sent = [];
  const session = { isOnline: true, ask: async (name) => sent.push(name), tell: (name) => sent.push(name) };
  const server = new Server(session, { appkey: "K", username: "alice" });
  await server.ask("one", {});
  server.tell("two", {});
  server.close();
  server.tell("three", {});
  await assert.rejects(server.ask("four", {}), Lost);
  await assert.rejects(server.upload({}, {}), Lost);
  assert.equal(server.isOnline, false);
  assert.deepEqual(sent, ["one", "two"]);
});
