import { Lost, NoAnswer, Refusal } from "../lib/errors.js";

const UNKNOWN = 882001;
const ANSWER_WITHIN_MS = 5 * 60_000;

function answerOf(request) {
  let body = null;
  try {
    body = JSON.parse(request.responseText);
  } catch {
    // a proxy in between may answer with a page of its own; the status then tells all we know
  }
  if (request.status === 200 && body?.media_id) return body;
  throw new Refusal(body?.error?.code ?? UNKNOWN, body?.error?.message);
}

function basic(username, token) {
  const bytes = new TextEncoder().encode(`${username}:${token}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/**
 * POST an image to /resource. Resolves to {media_id, media_crc32, width, height, format, fsize}.
 * `onProgress` gets the sent share (0 to 1); `signal` stops it. XMLHttpRequest, because fetch tells no progress.
 */
export function uploadImage(file, { appkey, username, token, onProgress = () => {}, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/resource?type=image");
    request.timeout = ANSWER_WITHIN_MS;
    request.setRequestHeader("X-App-Key", appkey);
    request.setRequestHeader("jm-channel", "w");
    request.setRequestHeader("Authorization", basic(username, token));
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    request.addEventListener("load", () => {
      try {
        resolve(answerOf(request));
      } catch (refusal) {
        reject(refusal);
      }
    });
    request.addEventListener("error", () => reject(new Lost("the upload broke off")));
    request.addEventListener("timeout", () => reject(new NoAnswer()));
    request.addEventListener("abort", () => reject(new Lost("the upload was stopped")));
    signal?.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("image", file, file.name || "image");
    request.send(form);
  });
}
