import { Region } from "./region.js";

/** <chat-viewer>: one image, large. Escape, the button and a click beside it close it. */
export class Viewer extends Region {
  setUp(texts) {
    super.setUp(texts);
    const dialog = this.part("dialog");
    this.part("close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target !== this.part("image") && dialog.close());
    dialog.addEventListener("close", () => this.part("image").removeAttribute("src"));
  }

  open(address, author) {
    const image = this.part("image");
    image.src = address;
    image.alt = this.texts.t("message.imageBy", { name: author });
    this.part("dialog").showModal();
  }

  close() {
    this.part("dialog").close();
  }
}

customElements.define("chat-viewer", Viewer);
