/** The wiring: the session feeds the model, the model feeds the regions, the regions call the model. */

import { md5 } from "../sdk/core/md5.js";
import { Session } from "../sdk/core/session.js";
import { Signatures } from "../sdk/core/signatures.js";
import { preferredLanguage, Texts } from "./lib/i18n.js";
import { explain } from "./lib/reasons.js";
import { forget, remember, remembered } from "./lib/storage.js";
import { Chat } from "./model/chat.js";
import { Server } from "./model/server.js";
import { Announcer } from "./view/announcer.js";
import "./view/composer.js";
import "./view/connection.js";
import "./view/language.js";
import "./view/sidebar.js";
import "./view/sign_in.js";
import { summary } from "./view/summary.js";
import "./view/thread.js";
import "./view/viewer.js";

const MINUTE_MS = 60_000;
const LANGUAGE_KEY = "imsite.language";

const shell = JSON.parse(document.getElementById("shell").textContent);
const credentialsKey = `imsite.session.${shell.appkey}`;
const narrow = matchMedia("(max-width: 719px)");
const texts = new Texts(remembered("localStorage", LANGUAGE_KEY) ?? preferredLanguage(navigator.languages));
const announcer = new Announcer(document.getElementById("announcer"));
const [bar, signIn, app, sidebar, thread, composer, viewer] = [
  "chat-connection", "chat-sign-in", ".app", "chat-sidebar", "chat-thread", "chat-composer", "chat-viewer",
].map((selector) => document.querySelector(selector)); // prettier-ignore

const session = new Session({
  connect: () => new WebSocket(socketAddress()),
  signatures: new Signatures(`/c/${shell.appkey}/signature`, shell),
});
let credentials = null;
let server = null;
let chat = null;
let isLost = false;

function socketAddress() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  return `${scheme}//${location.host}/socket.io/?EIO=3&transport=websocket`;
}

// Signing in and out

function enter(username) {
  const me = { username, appkey: shell.appkey };
  server = new Server(session, me);
  chat = new Chat({ me, server, contentBytes: shell.content_bytes });
  sidebar.chat = thread.chat = chat;
  chat.addEventListener("list", showTitle);
  chat.addEventListener("open", ({ detail }) => opened(detail)); // after the thread, which shows the field to focus
  chat.addEventListener("arrived", ({ detail }) => announceMessage(detail));
  chat.addEventListener("failed", ({ detail }) => announceFailure(detail));
  signIn.hidden = true;
  app.hidden = false;
  app.dataset.pane = "list";
}

function leave(problem = null) {
  forget("sessionStorage", credentialsKey);
  server?.close();
  [credentials, server, chat, isLost] = [null, null, null, false];
  sidebar.chat = thread.chat = null;
  viewer.close();
  app.hidden = true;
  signIn.hidden = false;
  signIn.busy = false;
  signIn.problem = problem;
  signIn.focusFirst();
  showTitle();
  if (problem) announcer.say(signIn.words);
}

signIn.addEventListener("signin", ({ detail }) => {
  credentials = { username: detail.username, password: md5(detail.password) };
  signIn.busy = true;
  session.open(credentials, { once: true });
});

sidebar.addEventListener("signout", () => {
  chat.leaving();
  session.close();
  leave();
});

session.addEventListener("ready", ({ detail }) => {
  remember("sessionStorage", credentialsKey, credentials);
  if (!chat) {
    enter(detail.username ?? credentials.username);
    if (!narrow.matches) sidebar.part("start").elements.username.focus(); // a phone would show its keyboard
  }
  chat.ready();
});

session.addEventListener("push", ({ detail }) => chat?.pushed(detail.name, detail.data));
session.addEventListener("ended", ({ detail }) => leave(detail));

// The connection

session.addEventListener("state", ({ detail }) => {
  bar.state = detail.name === "connecting" && !chat ? { name: "closed" } : detail;
  if (detail.name === "waiting" && !isLost) announcer.say(texts.t("connection.lost"));
  if (detail.name === "online" && isLost) announcer.say(texts.t("connection.back"));
  isLost = detail.name === "waiting" || (isLost && detail.name === "connecting");
});

bar.addEventListener("trynow", () => session.tryNow());
addEventListener("online", () => session.wake());
addEventListener("pageshow", ({ persisted }) => persisted && session.wake());
addEventListener("pagehide", () => chat?.leaving());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") session.wake();
  else chat?.leaving();
});

// One pane at a time on narrow screens, with the browser's own way back

function opened(conversation) {
  app.dataset.pane = conversation ? "thread" : "list";
  if (!conversation) return;
  if (narrow.matches) {
    if (!history.state?.thread) history.pushState({ thread: true }, "");
  } else {
    composer.focusText();
  }
}

function back() {
  if (!narrow.matches) return sidebar.focusRows();
  if (history.state?.thread) history.back();
  else stepBack();
}

function stepBack() {
  if (!chat?.current || !narrow.matches) return;
  const left = chat.current;
  chat.open(null);
  sidebar.focusRow(left);
}

thread.addEventListener("back", back);
addEventListener("popstate", stepBack);

// Words, titles, pictures

function showTitle() {
  const unread = chat?.conversations.unread ?? 0;
  document.title = unread ? `(${unread}) ${shell.name}` : shell.name;
}

function announceMessage({ conversation, message }) {
  if (conversation !== chat.current) return;
  const name = chat.people.nameOf(message.author);
  announcer.say(texts.t("message.announce", { name, text: summary(texts, message) }));
}

function announceFailure({ message }) {
  announcer.say(texts.t("message.failed", { reason: explain(texts, message.error) }));
}

function speak() {
  document.documentElement.lang = texts.locale;
}

texts.addEventListener("change", () => {
  speak();
  remember("localStorage", LANGUAGE_KEY, texts.language);
});
thread.addEventListener("image", ({ detail }) => viewer.open(detail.address, detail.author));
setInterval(() => {
  sidebar.retext();
  thread.refresh();
}, MINUTE_MS);

for (const region of document.querySelectorAll("chat-language")) region.setUp(texts);
for (const region of [bar, signIn, sidebar, composer, thread, viewer]) region.setUp(texts);
composer.imageBytes = shell.image_bytes;
speak();

credentials = remembered("sessionStorage", credentialsKey);
if (credentials) {
  enter(credentials.username);
  session.open(credentials);
} else {
  leave();
}
