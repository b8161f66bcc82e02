import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import "../setup.js";
import { Lost, NoAnswer, Refusal, Stale } from "../../../static/chat/lib/errors.js";
import { LANGUAGES, preferredLanguage, Texts } from "../../../static/chat/lib/i18n.js";
import { sendsMessage } from "../../../static/chat/lib/keys.js";
import { splitLinks } from "../../../static/chat/lib/links.js";
import { uniqueId } from "../../../static/chat/lib/random.js";
import { explain } from "../../../static/chat/lib/reasons.js";
import { bytesText, fit } from "../../../static/chat/lib/sizes.js";
import { dayLabel, rowTime } from "../../../static/chat/lib/time.js";
import { en } from "../../../static/chat/lib/words-en.js";
import { zh } from "../../../static/chat/lib/words-zh.js";
import { requestId } from "../../../static/sdk/core/random.js";

const ROOT = new URL("../../../", import.meta.url);

function read(folder, ending) {
  const names = readdirSync(new URL(folder, ROOT), { recursive: true });
  return names.filter((name) => name.endsWith(ending)).map((name) => [name, readFileSync(new URL(folder + name, ROOT), "utf8")]);
}

test("both languages have the same words, with the same blanks", () => {
  assert.deepEqual(Object.keys(zh), Object.keys(en));
  const blanks = (entry) => new Set((typeof entry === "string" ? entry : entry.other).match(/\{\w+\}/g));
  for (const key of Object.keys(en)) assert.deepEqual(blanks(zh[key]), blanks(en[key]), key);
});

test("every word that scripts and templates name is there", () => {
  const named = [...read("static/chat/", ".js"), ...read("templates/chat/", ".html")].flatMap(([name, source]) =>
    [...source.matchAll(/(?:\.t\(|data-(?:text|label|placeholder|title)=)["']([\w.]+)["']/g)].map((match) => [name, match[1]]),
  );
  assert.ok(named.length > 20);
  for (const [name, key] of named) assert.ok(key in en, `${name}: ${key}`);
});

test("relative imports end in a semicolon and make no cycle; layers point one way", () => {
  const layers = {
    "sdk/core": ["sdk/core"],
    "sdk/jmessage": ["sdk/jmessage", "sdk/core"],
    "chat/lib": ["chat/lib", "sdk/core"],
    "chat/model": ["chat/model", "chat/lib", "sdk/core"],
    "chat/view": ["chat/view", "chat/model", "chat/lib"],
  };
  const folder = (name) => name.split("/").slice(0, -1).join("/");
  const graph = new Map();
  const modules = ["chat/", "sdk/"].flatMap((root) => read(`static/${root}`, ".js").map(([name, source]) => [root + name, source]));
  for (const [name, source] of modules.filter(([path]) => !path.endsWith(".classic.js"))) {
    const lines = source.match(/^(?:import|export)\b[^;]*?\bfrom\s+"[^"]+".?$/gm) ?? [];
    for (const line of lines) assert.match(line, /from "\.{1,2}\/[\w./-]+\.js";$/, `${name}: ${line}`);
    const targets = [...source.matchAll(/^(?:import|export)\b[^;]*?from "([^"]+)";/gm)].map(([, path]) =>
      new URL(path, `http://x/${name}`).pathname.slice(1),
    );
    graph.set(name, targets);
    const layer = layers[folder(name)];
    if (layer) for (const target of targets) assert.ok(layer.includes(folder(target)), `${name} → ${target}`);
  }
  const done = new Set();
  const visit = (name, path) => {
    assert.ok(!path.includes(name), `cycle: ${[...path, name].join(" → ")}`);
    if (done.has(name)) return;
    for (const target of graph.get(name) ?? assert.fail(`${name} is missing`)) visit(target, [...path, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
});

test("no markup is made from text", () => {
  for (const [name, source] of read("static/chat/", ".js")) {
    assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/, name);
  }
  for (const [name, source] of read("templates/chat/", ".html")) {
    assert.doesNotMatch(source, /\sstyle=|\son\w+=|<style|<script(?![^>]*\bsrc=)/, name);
  }
});

test("the reader's language, else English", () => {
  assert.equal(preferredLanguage(["zh-CN", "en"]), "zh");
  assert.equal(preferredLanguage(["fr-FR", "zh-TW"]), "zh");
  assert.equal(preferredLanguage(["fr"]), "en");
  assert.equal(preferredLanguage(undefined), "en");
  assert.deepEqual(LANGUAGES, ["en", "zh"]);
});

test("words with blanks and plurals", () => {
  const texts = new Texts("en");
  assert.equal(texts.t("list.unread", { count: 1 }), "1 unread message");
  assert.equal(texts.t("list.unread", { count: 3 }), "3 unread messages");
  texts.use("zh");
  assert.equal(texts.t("list.unread", { count: 1 }), "1 条未读消息");
  assert.equal(texts.t("list.you", { text: "{text}" }), "我：{text}");
});

test("reasons in plain words, unknown codes by number", () => {
  const texts = new Texts("en");
  assert.equal(explain(texts, new Refusal(880104)), "The password is wrong.");
  assert.match(explain(texts, new Refusal(123456)), /123456/);
  for (const error of [new Lost(), new NoAnswer(), new Stale()]) assert.ok(!explain(texts, error).includes("error."));
});

test("Enter sends, but never in the middle of a word that an input method composes", () => {
  const key = (more) => ({ key: "Enter", shiftKey: false, altKey: false, isComposing: false, keyCode: 13, ...more });
  assert.equal(sendsMessage(key({})), true);
  assert.equal(sendsMessage(key({ shiftKey: true })), false);
  assert.equal(sendsMessage(key({ isComposing: true, keyCode: 229 })), false);
  assert.equal(sendsMessage(key({ keyCode: 229 })), false);
  assert.equal(sendsMessage(key({ key: "a", keyCode: 65 })), false);
});

test("addresses become links, and nothing else does", () => {
  assert.deepEqual(splitLinks("see https://a.example/x?y=1, or (http://b.example)."), [
    { text: "see " },
    { text: "https://a.example/x?y=1", href: "https://a.example/x?y=1" },
    { text: ", or (" },
    { text: "http://b.example", href: "http://b.example/" },
    { text: ")." },
  ]);
  assert.deepEqual(splitLinks("看https://a.example/路。好"), [
    { text: "看" },
    { text: "https://a.example/路", href: "https://a.example/%E8%B7%AF" },
    { text: "。好" },
  ]);
  for (const text of ["javascript:alert(1)", "http://", "x", "<img src=x>"]) assert.deepEqual(splitLinks(text), [{ text }]);
  assert.deepEqual(splitLinks(""), []);
});

test("pictures fit their box and are never enlarged", () => {
  const box = { width: 320, height: 300 };
  assert.deepEqual(fit(640, 300, box), { width: 320, height: 150 });
  assert.deepEqual(fit(100, 3000, box), { width: 10, height: 300 });
  assert.deepEqual(fit(20, 10, box), { width: 20, height: 10 });
  assert.deepEqual(fit(100_000, 1, box), { width: 320, height: 1 });
  assert.deepEqual(fit(0, undefined, box), { width: 320, height: 240 });
});

test("sizes in bytes", () => {
  assert.equal(bytesText(512, "en"), "512 B");
  assert.equal(bytesText(10 * 1024 * 1024, "en"), "10 MB");
  assert.equal(bytesText(1536, "en"), "1.5 KB");
});

test("days and times", () => {
  const texts = new Texts("en");
  const now = new Date(2026, 2, 4, 12, 0).getTime();
  const at = (...parts) => new Date(...parts).getTime();
  assert.equal(dayLabel(at(2026, 2, 4, 0, 1), texts, now), "Today");
  assert.equal(dayLabel(at(2026, 2, 3, 23, 59), texts, now), "Yesterday");
  assert.equal(dayLabel(at(2025, 11, 31), texts, now), "Wednesday, December 31, 2025");
  assert.equal(rowTime(at(2026, 2, 4, 9, 5), texts, now), "09:05");
  assert.equal(rowTime(at(2026, 2, 1, 9, 5), texts, now), "Sun");
  assert.equal(rowTime(at(2026, 0, 1), texts, now), "1/1/26");
});

test("ids are in range and differ", () => {
  const ids = Array.from({ length: 1000 }, requestId);
  assert.ok(ids.every((id) => Number.isInteger(id) && id >= 1 && id <= 2147483647));
  assert.equal(new Set(Array.from({ length: 1000 }, uniqueId)).size, 1000);
});
