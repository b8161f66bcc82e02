import { Lost, NoAnswer, Refusal } from "./errors.js";

const UNKNOWN = 882001;
const TOO_LARGE = 880210;
const TOO_LARGE_UPLOAD = 898061; // the same refusal, as the upload's own address numbers it
const ANSWER_WITHIN_MS = 5 * 60_000;

function answerOf(request) {
  let body = null;
  try {
    body = JSON.parse(request.responseText);
  } catch {
    // a proxy in between may answer with a page of its own; the status then tells all we know
  }
  if (request.status === 200 && body?.media_id) return body;
  const { code = UNKNOWN, message } = body?.error ?? {};
  throw new Refusal(code === TOO_LARGE_UPLOAD ? TOO_LARGE : code, message);
}

function basic(username, token) {
  const bytes = new TextEncoder().encode(`${username}:${token}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

function formOf(file, type) {
  if (file instanceof FormData) return file;
  const form = new FormData();
  form.append(type, file, file.name || type);
  return form;
}

/**
 * POST a file (File, Blob, or a FormData with one) to `address`. `type` is "image" or "file"; resolves to
 * {media_id, media_crc32, width, height, format, fsize}, or for files {media_id, media_crc32, hash, fname, fsize}.
 * `onProgress` gets the sent share (0 to 1); `signal` stops it: Lost, with the signal's reason as cause.
 * XMLHttpRequest, because fetch tells no progress.
 */
export function upload(file, { address = "/resource", type, appkey, username, token, onProgress = () => {}, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${address}?type=${type}`);
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
    const stopped = () => Object.assign(new Lost("the upload was stopped"), { cause: signal?.reason });
    request.addEventListener("error", () => reject(new Lost("the upload broke off")));
    request.addEventListener("timeout", () => reject(new NoAnswer()));
    request.addEventListener("abort", () => reject(stopped()));
    if (signal?.aborted) return reject(stopped());
    signal?.addEventListener("abort", () => request.abort());
    request.send(formOf(file, type));
  });
}
