import { splitLinks } from "../lib/links.js";
import { explain } from "../lib/reasons.js";
import { bytesText } from "../lib/sizes.js";
import { clock, fullTime } from "../lib/time.js";
import { fillAvatar } from "./avatar.js";
import { clone, create, fillTexts, part, show } from "./dom.js";
import { makePicture } from "./picture.js";
import { label } from "./summary.js";

const NOT_SENT = new Set(["sending", "queued", "uploading", "failed"]);

/**
 * A new element for a message. `context` = {texts, chat, openImage}; buttons act through the message's present
 * state, so that the element lives as long as the message.
 */
export function makeMessage(message, context) {
  const element = clone("t-message");
  fillTexts(element, context.texts);
  element.dataset.key = message.key;
  part(element, "retry").addEventListener("click", () => context.chat.retry(message));
  for (const name of ["discard", "cancel"]) {
    part(element, name).addEventListener("click", () => context.chat.discard(message));
  }
  return element;
}

/** Bring an element up to date. `first`: nobody of the same author stands right above it. */
export function fillMessage(element, { message, first, group }, context) {
  const author = context.chat.people.nameOf(message.author);
  const shown = `${message.revision} ${first} ${author} ${context.texts.language}`;
  if (element.dataset.shown === shown) return;
  element.dataset.shown = shown;
  element.classList.toggle("message--own", message.mine);
  element.classList.toggle("message--first", first);
  element.classList.toggle("message--failed", message.status === "failed");
  element.classList.toggle("message--unsent", NOT_SENT.has(message.status));
  element.classList.toggle("message--picture", message.kind === "image" && !message.retracted);
  element.dataset.state = message.status;
  element.dataset.seq = message.seq;
  fillAuthor(element, { message, author, visible: group && !message.mine, first });
  fillBody(element, message, author, context);
  fillMeta(element, message, context.texts);
  fillTrouble(element, message, context.texts);
}

function fillAuthor(element, { message, author, visible, first }) {
  const avatar = part(element, "avatar");
  fillAvatar(avatar, message.author.username, author);
  avatar.hidden = !visible;
  avatar.classList.toggle("avatar--kept-space", !first);
  const name = part(element, "author");
  name.textContent = author;
  name.className = visible && first ? "message__author" : "visually-hidden"; // always there for those who listen
}

function fillBody(element, message, author, context) {
  const body = part(element, "body");
  const made = `${message.kind} ${message.retracted} ${author} ${context.texts.language}`;
  if (body.dataset.made === made) return; // a picture must not load again at every step of its sending
  body.dataset.made = made;
  body.replaceChildren(...content(message, author, context));
}

function content(message, author, context) {
  const { texts, chat, openImage } = context;
  const { kind, body } = message;
  if (message.retracted) return [create("p", "message__notice", texts.t("message.retracted"))];
  if (kind === "text") return [makeText(body.text ?? "")];
  if (kind === "image") return [makePicture(message, { texts, media: chat.media, author, openImage })];
  if (body.media_id) return [makeFile(message, context)];
  return [create("p", "message__notice", label(texts, kind, body))];
}

function makeText(text) {
  const paragraph = create("p", "message__text");
  paragraph.dir = "auto";
  for (const { text: words, href } of splitLinks(text)) {
    if (!href) {
      paragraph.append(words);
      continue;
    }
    const link = create("a", "message__link", words);
    Object.assign(link, { href, target: "_blank", rel: "noopener noreferrer nofollow" });
    paragraph.append(link);
  }
  return paragraph;
}

/** A file is fetched by a click: its address is asked for only then, and expires. */
function makeFile({ kind, body }, { texts, chat }) {
  const size = bytesText(body.fsize ?? 0, texts.locale);
  const words = kind === "file" ? texts.t("message.file", { name: body.fname ?? "", size }) : label(texts, kind, body);
  const button = create("button", "message__file", words);
  button.type = "button";
  button.addEventListener("click", async () => {
    try {
      window.open(await chat.media.address(body.media_id), "_blank", "noopener");
    } catch (error) {
      button.textContent = `${words}: ${explain(texts, error)}`;
    }
  });
  return button;
}

function fillMeta(element, message, texts) {
  const time = part(element, "time");
  time.textContent = clock(message.at, texts.locale);
  time.dateTime = new Date(message.at).toISOString();
  time.title = fullTime(message.at, texts.locale);
  const words = stateWords(message, texts);
  part(element, "state").title = words;
  part(element, "state-words").textContent = words;
}

function stateWords(message, texts) {
  if (!message.mine || message.status === "failed") return "";
  if (message.status === "uploading") {
    return texts.t("message.uploading", { percent: Math.round(message.progress * 100) });
  }
  return texts.t(`message.${message.status}`);
}

function fillTrouble(element, message, texts) {
  const failed = message.status === "failed";
  show(part(element, "reason"), failed ? texts.t("message.failed", { reason: explain(texts, message.error) }) : "");
  part(element, "retry").hidden = part(element, "discard").hidden = !failed;
  const waits = message.mine && Boolean(message.file) && !failed && message.status !== "sent";
  part(element, "cancel").hidden = !waits;
  const progress = part(element, "progress");
  progress.hidden = !waits;
  progress.value = message.progress ?? 0;
}
