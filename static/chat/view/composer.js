import { sendsMessage } from "../lib/keys.js";
import { bytesText } from "../lib/sizes.js";
import { show } from "./dom.js";
import { Region } from "./region.js";

const IMAGE_TYPES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const HIGHEST = 200; // pixels that the field grows to

/** <chat-composer>: writes texts and takes images by button, paste and drop. Fires "sent" (bubbling). */
export class Composer extends Region {
  imageBytes = 10 * 1024 * 1024;
  #chat = null;
  #conversation = null;
  #recipient = "";
  #drafts = new WeakMap(); // conversation → text
  #problem = null; // {key, …blanks}

  setUp(texts) {
    super.setUp(texts);
    const field = this.part("text");
    field.addEventListener("keydown", (event) => this.#key(event));
    field.addEventListener("input", () => this.#edited());
    field.addEventListener("paste", (event) => this.#pasted(event));
    this.part("form").addEventListener("submit", (event) => this.#submit(event));
    this.part("image").addEventListener("click", () => this.part("file").click());
    this.part("file").addEventListener("change", () => this.#picked());
    this.#takeDrops(this.parentElement);
  }

  set conversation({ chat, conversation }) {
    const field = this.part("text");
    if (this.#conversation) this.#drafts.set(this.#conversation, field.value);
    this.#chat = chat;
    this.#conversation = conversation;
    field.value = (conversation && this.#drafts.get(conversation)) ?? "";
    this.#complain(null);
    this.#grow();
  }

  set recipient(name) {
    this.#recipient = name;
    this.part("text").setAttribute("aria-label", this.texts.t("composer.label", { name }));
  }

  retext() {
    super.retext();
    this.recipient = this.#recipient;
    this.#complain(this.#problem);
  }

  focusText() {
    this.part("text").focus();
  }

  #key(event) {
    if (!sendsMessage(event)) return;
    event.preventDefault();
    this.#send();
  }

  #submit(event) {
    event.preventDefault();
    this.#send();
    this.focusText();
  }

  #send() {
    const field = this.part("text");
    const text = field.value.trim();
    if (!text || !this.#conversation) return;
    if (!this.#chat.fits(this.#conversation, text)) return this.#complain({ key: "composer.tooLong" });
    field.value = "";
    this.#edited();
    this.#chat.sendText(this.#conversation, text);
    this.#announceSent();
  }

  #edited() {
    this.#complain(null);
    this.#grow();
  }

  #grow() {
    const field = this.part("text");
    field.style.height = "auto";
    field.style.height = `${Math.min(HIGHEST, field.scrollHeight)}px`;
  }

  #picked() {
    const input = this.part("file");
    this.#sendImages([...input.files]);
    input.value = ""; // the same file may be chosen again
  }

  #pasted(event) {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    this.#sendImages(files);
  }

  #takeDrops(pane) {
    const hint = this.part("drop");
    const carriesFiles = (event) => event.dataTransfer?.types.includes("Files") && !this.hidden;
    pane.addEventListener("dragover", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      hint.hidden = false;
    });
    pane.addEventListener("dragleave", (event) => {
      if (!pane.contains(event.relatedTarget)) hint.hidden = true;
    });
    pane.addEventListener("drop", (event) => {
      hint.hidden = true;
      if (!carriesFiles(event)) return;
      event.preventDefault();
      this.#sendImages([...event.dataTransfer.files]);
    });
  }

  async #sendImages(files) {
    const [chat, conversation] = [this.#chat, this.#conversation];
    for (const file of files) {
      const problem = (await this.#sendImage(chat, conversation, file)) ?? null;
      if (problem) this.#complain(problem);
    }
  }

  /** Sends it, or tells why it cannot be sent. The size is read here, so that its place is right from the start. */
  async #sendImage(chat, conversation, file) {
    const { name } = file;
    if (!IMAGE_TYPES.has(file.type)) return { key: "composer.notImage", name };
    if (file.size > this.imageBytes) return { key: "composer.tooBig", name, bytes: this.imageBytes };
    const preview = URL.createObjectURL(file);
    const image = new Image();
    image.src = preview;
    try {
      await image.decode();
    } catch {
      URL.revokeObjectURL(preview);
      return { key: "composer.notImage", name };
    }
    const { naturalWidth: width, naturalHeight: height } = image;
    chat.sendImage(conversation, { file, preview, width, height });
    if (conversation === this.#conversation) this.#announceSent();
    return null;
  }

  #announceSent() {
    this.dispatchEvent(new CustomEvent("sent", { bubbles: true }));
  }

  #complain(problem) {
    this.#problem = problem;
    const limit = problem?.bytes ? bytesText(problem.bytes, this.texts.locale) : "";
    show(this.part("problem"), problem ? this.texts.t(problem.key, { ...problem, limit }) : "");
  }
}

customElements.define("chat-composer", Composer);
