/** Events as the application gets them: the vendor's members, and what it computes. */

const MEMBERS = [
  "event_id", "event_type", "from_username", "gid", "to_usernames", "ctime", "extra", "return_code", "from_appkey",
  "msg_ids", "from_gid", "msgid_list", "to_groups", "new_owner", "group_name", "ctime_ms", "media_id",
  "from_nickname", "description", "from_eventid",
]; // prettier-ignore

export const READ_ELSEWHERE = 200;
const RETRACTED = 55;
const ASKS_TO_JOIN = 56;
const FRIENDS_CHANGED = 100;
const MEMO = 7;
const BY_SELF = { 10: false, 59: true };

function parsed(description) {
  try {
    return JSON.parse(description);
  } catch {
    return description;
  }
}

export function toEvent(wire) {
  const event = Object.fromEntries(MEMBERS.filter((name) => name in wire).map((name) => [name, wire[name]]));
  if (event.event_type === RETRACTED) event.type = event.from_gid === 0 ? 0 : 1;
  if (event.event_type === FRIENDS_CHANGED && event.extra === MEMO) event.description = parsed(event.description);
  if (event.event_type === ASKS_TO_JOIN && event.extra in BY_SELF) {
    event.by_self = BY_SELF[event.extra];
    delete event.extra;
  }
  return event;
}

const LEVELS = { 0: "normal", 1: "across" };

/** A message of a pair or a group, as the application gets it. `modified` is its sender's, in seconds, or undefined. */
export function toMessage(wire) {
  const { sui_mtime: modified, ...content } = wire.content ?? {};
  const message = { ...wire, content, msg_level: LEVELS[wire.msg_level] ?? wire.msg_level };
  message.key = wire.msg_type === 3 ? wire.from_uid : wire.from_gid;
  if (wire.msg_type === 3) {
    message.from_username = content.from_id ?? wire.from_username;
    message.from_appkey = content.from_appkey ?? wire.from_appkey;
  }
  return { message, modified };
}
