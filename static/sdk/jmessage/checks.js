import { BAD_MSG_ID, BAD_PARAMETER, BAD_TYPE, BAD_VALUE, NO_FILE, refusal } from "./codes.js";

/**
 * Shapes of arguments. A shape is a function (name, value) → value to send; it throws a refusal: 880002 where an
 * argument is missing, 880003 for a value that cannot be, 880004 for another type.
 */

function require(holds, code, message) {
  if (!holds) throw refusal(code, message);
}

export function text(name, value) {
  require(typeof value === "string", BAD_TYPE, `${name} must be a string`);
  require(value !== "", BAD_VALUE, `${name} must not be empty`);
  return value;
}

/** May be empty. */
export function words(name, value) {
  require(typeof value === "string", BAD_TYPE, `${name} must be a string`);
  return value;
}

function isId(value) {
  return (Number.isSafeInteger(value) && value > 0) || (typeof value === "string" && /^\d{1,16}$/.test(value));
}

/** A gid, room id or event id: a number, or text with one. */
export function id(name, value) {
  require(["number", "string"].includes(typeof value), BAD_TYPE, `${name} must be a number`);
  require(isId(value), BAD_VALUE, `${name} is not an id`);
  return value;
}

export function msgId(name, value) {
  require(isId(value), BAD_MSG_ID, `${name} is not a message's id`);
  return value;
}

export function msgIds(name, value) {
  require(Array.isArray(value), BAD_TYPE, `${name} must be a list`);
  require(value.length > 0, BAD_VALUE, `${name} must not be empty`);
  return value.map((one) => Number(msgId(name, one)));
}

/** A number, or text with one. */
export function number(name, value) {
  require(["number", "string"].includes(typeof value), BAD_TYPE, `${name} must be a number`);
  require(value !== "" && Number.isFinite(Number(value)), BAD_VALUE, `${name} is not a number`);
  return Number(value);
}

export function object(name, value) {
  require(typeof value === "object" && value !== null && !Array.isArray(value), BAD_TYPE, `${name} must be an object`);
  return value;
}

/** [{username, appkey}] */
export function users(name, value) {
  require(Array.isArray(value), BAD_TYPE, `${name} must be a list`);
  for (const one of value) text(`${name}[].username`, object(`${name}[]`, one).username);
  return value;
}

/** Whatever JavaScript takes for true. */
export function flag(name, value) {
  return Boolean(value);
}

/** A File or Blob, or a FormData with one in it. */
export function file(name, value) {
  const isForm = value instanceof FormData;
  require(isForm || value instanceof Blob, BAD_TYPE, `${name} must be a FormData or a File`);
  require(!isForm || [...value.values()].some((part) => part instanceof Blob), NO_FILE, `there is no file in ${name}`);
  return value;
}

/** May be left out, or blank where it is text. */
export function optional(shape) {
  return Object.assign((name, value) => shape(name, value), { isOptional: true, skipsBlank: shape === text });
}

/** What is sent when the argument is missing. */
export function defaulting(shape, value) {
  return Object.assign((name, given) => shape(name, given), { isOptional: true, value });
}

/** The arguments of a call by its table {name: shape}; what is not named in it is not sent. */
export function read(given, shapes) {
  const found = object("the argument", given ?? {});
  const sent = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const value = found[name];
    const isMissing = value === undefined || value === null || (shape.skipsBlank && value === "");
    if (!isMissing) sent[name] = shape(name, value);
    else if (!shape.isOptional) throw refusal(BAD_PARAMETER, `${name} is missing`);
    else if (shape.value !== undefined) sent[name] = shape.value;
  }
  return sent;
}
