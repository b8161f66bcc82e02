import { fit } from "../lib/sizes.js";
import { create } from "./dom.js";

const BOX = { width: 320, height: 320 };

/**
 * The picture of an image message, in its final size from the start. A click opens it; when it cannot be loaded, a
 * click asks again, since addresses expire.
 */
export function makePicture(message, { texts, media, author, openImage }) {
  const button = create("button", "picture");
  button.type = "button";
  button.setAttribute("aria-label", `${texts.t("message.imageBy", { name: author })}. ${texts.t("message.openImage")}`);
  const image = document.createElement("img");
  image.className = "picture__image";
  image.alt = "";
  image.decoding = "async";
  Object.assign(image, fit(message.body.width, message.body.height, BOX));
  const missing = create("span", "picture__missing", texts.t("message.imageMissing"));
  missing.hidden = true;
  button.append(image, missing);

  const load = (options) => showAddress(image, missing, message, media, options);
  image.addEventListener("error", () => (image.dataset.again ? markMissing(image, missing) : load({ anew: true })));
  image.addEventListener("load", () => delete image.dataset.again);
  button.addEventListener("click", () => (missing.hidden ? openImage(image.src, author) : load({ anew: true })));
  load();
  return button;
}

async function showAddress(image, missing, { preview, body }, media, { anew = false } = {}) {
  missing.hidden = true;
  if (preview) {
    image.src = preview;
    return;
  }
  if (anew) image.dataset.again = "yes"; // a second failure is final
  try {
    image.src = await media.address(body.media_id, { anew });
  } catch {
    markMissing(image, missing);
  }
}

function markMissing(image, missing) {
  delete image.dataset.again;
  image.removeAttribute("src");
  missing.hidden = false;
}
