/** Engine.IO 3 and Socket.IO 2 in text frames, one packet a frame. Pure: no socket, no timers. */

export const PING = "2";
export const PONG = "3";
export const GOODBYE = "41";

const SIMPLE = { 1: "close", 2: "ping", 3: "pong", 6: "noop" };

/** The frame of a named event with one object argument. */
export function eventFrame(name, data) {
  return `42${JSON.stringify([name, data])}`;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readOpen(text) {
  const data = parseJson(text);
  return isObject(data) ? { kind: "open", data } : { kind: "bad" };
}

function readEvent(text) {
  const list = parseJson(text);
  if (!Array.isArray(list) || typeof list[0] !== "string" || !isObject(list[1])) return { kind: "bad" };
  return { kind: "event", name: list[0], data: list[1] };
}

function readMessage(text) {
  if (text[0] === "0") return { kind: "connected" };
  if (text[0] === "1") return { kind: "disconnected" };
  if (text[0] === "2") return readEvent(text.slice(1).replace(/^\d+/, ""));
  return { kind: "bad" };
}

/**
 * One frame as {kind, …}: open {data}, close, ping {text}, pong {text}, noop, connected, disconnected,
 * event {name, data}, or bad for whatever this client cannot read. Never throws.
 */
export function readFrame(frame) {
  if (typeof frame !== "string" || frame === "") return { kind: "bad" };
  const rest = frame.slice(1);
  if (frame[0] === "0") return readOpen(rest);
  if (frame[0] === "4") return readMessage(rest);
  const kind = SIMPLE[frame[0]];
  return kind ? { kind, text: rest } : { kind: "bad" };
}
