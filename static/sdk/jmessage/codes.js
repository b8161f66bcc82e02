/** The vendor's numbers of refusals that are made on this side, before or instead of a request. */

import { Refusal } from "../core/errors.js";

export const MISSING = 880001; // no other number fits
export const BAD_PARAMETER = 880002; // one is missing
export const BAD_VALUE = 880003;
export const BAD_TYPE = 880004;
export const NO_FILE = 880005;
export const LOG_OUT_FIRST = 880006;
export const BAD_MSG_ID = 880008;
export const SIGNATURE_EXPIRED = 880106;
export const LOGGED_IN = 880107;
export const LOGGING_IN = 880109;
export const NOT_ALLOWED = 882004; // init or login comes first
export const TIMED_OUT = 882005;

export function refusal(code, message) {
  return Object.assign(new Refusal(code, message), { answer: { code, message } });
}
