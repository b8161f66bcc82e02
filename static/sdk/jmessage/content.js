import { BAD_PARAMETER, refusal } from "./codes.js";
import { defaulting, file, flag, id, number, object, optional, read, text, users, words } from "./checks.js";

const CONTROL = {
  no_offline: defaulting(flag, false),
  no_notification: defaulting(flag, false),
  need_receipt: optional(flag),
  custom_notification: optional(object),
};

/** Where a message goes: its arguments, `target_type`, and the members of the request besides the content. */
const TARGETS = {
  Single: {
    type: "single",
    event: "s_across_single_text",
    shapes: { target_username: text, target_nickname: optional(words), appkey: optional(text), ...CONTROL },
    id: (given) => given.target_username,
    name: (given) => given.target_nickname,
    members: (given) => ({ target_id: given.target_username }),
  },
  Group: {
    type: "group",
    event: "send_group_msg",
    shapes: { target_gid: id, target_gname: optional(words), ...CONTROL },
    id: (given) => String(given.target_gid),
    name: (given) => given.target_gname,
    members: (given) => ({ target_gid: String(given.target_gid) }),
  },
  Chatroom: {
    type: "chatroom",
    event: "send_room_msg",
    shapes: { target_rid: id, target_rname: optional(words), no_offline: defaulting(flag, false), no_notification: defaulting(flag, false) },
    id: (given) => String(given.target_rid),
    name: (given) => given.target_rname ?? "",
    members: (given) => ({ target_gid: String(given.target_rid) }),
  },
};

/** What a message says: its arguments (or `msg_body` instead), and its body; `upload` names the argument with a file. */
const KINDS = {
  Msg: { type: "text", shapes: { content: words }, body: ({ content }) => ({ text: content }) },
  Pic: { type: "image", shapes: { image: file }, upload: "image" },
  File: { type: "file", shapes: { file }, upload: "file" },
  Location: {
    type: "location",
    shapes: { latitude: number, longitude: number, scale: number, label: words },
    body: ({ latitude, longitude, scale, label }) => ({ latitude, longitude, scale, label }),
  },
  Custom: { type: "custom", shapes: { custom: object }, body: ({ custom }) => ({ ...custom }) },
};

const UPLOADED = {
  image: ["media_id", "media_crc32", "width", "height", "format", "fsize"],
  file: ["media_id", "media_crc32", "hash", "fsize", "fname"],
};

/** The 15 methods that send: name → {target, kind}. */
export const SENDS = Object.fromEntries(
  Object.keys(TARGETS).flatMap((target) => Object.keys(KINDS).map((kind) => [`send${target}${kind}`, { target, kind }])),
);

/**
 * A send by its arguments: {event, file, upload, request(uploaded)}; `file` is what is to be uploaded first, as
 * `upload` ("image" or "file"). `me` = {username, appkey}. Source: Web SDK protocol, 5.
 */
export function prepare({ target, kind }, given, me) {
  const [to, what] = [TARGETS[target], KINDS[kind]];
  const args = read(given, to.shapes);
  const extras = read(given, { extras: optional(object) });
  const mentions = target === "Group" && kind === "Msg" ? read(given, { at_list: optional(users) }) : {};
  const forwarded = read(given, { msg_body: optional(object) }).msg_body;
  const said = forwarded ? {} : read(mentions.at_list ? { content: " ", ...given } : given, what.shapes);
  const body = (uploaded) => forwarded ?? (what.upload ? pick(uploaded, UPLOADED[what.upload]) : what.body(said));
  return {
    event: to.event,
    file: what.upload && said[what.upload],
    upload: what.upload,
    request: (uploaded) => ({
      content: content(to, what, args, { ...body(uploaded), ...extras }, me),
      ...pick(args, Object.keys(CONTROL)),
      target_name: to.name(args),
      ...to.members(args),
      ...(mentions.at_list ? { users: mentions.at_list } : {}),
      appkey: args.appkey ?? me.appkey,
    }),
  };
}

function content(to, what, args, body, me) {
  const across = args.appkey ? { target_appkey: args.appkey, from_appkey: me.appkey } : {};
  return {
    version: 1,
    target_type: to.type,
    from_platform: "web",
    target_id: to.id(args),
    target_name: to.name(args),
    from_id: me.username,
    create_time: Date.now(),
    msg_type: what.type,
    msg_body: body,
    ...across,
  };
}

function pick(found, names) {
  return Object.fromEntries(names.filter((name) => found[name] !== undefined).map((name) => [name, found[name]]));
}

/** A conversation by {username, appkey} or {gid}. */
export function readPlace(given) {
  const args = read(given, { gid: optional(id), username: optional(text), appkey: optional(text) });
  if (args.gid === undefined && args.username === undefined) throw refusal(BAD_PARAMETER, "gid or username is missing");
  return args;
}
