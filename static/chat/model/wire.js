/** The wire's objects read into ours, and ours written as requests. Pure. */

export const SINGLE = 3;
export const GROUP = 4;

export function userKey(appkey, username) {
  return `user ${appkey} ${username}`;
}

export function groupKey(gid) {
  return `group ${gid}`;
}

/** The place of a message or conversation: {kind, key, and username + appkey or gid}. */
export function singlePlace(appkey, username) {
  return { kind: "single", key: userKey(appkey, username), appkey, username };
}

export function groupPlace(gid) {
  return { kind: "group", key: groupKey(gid), gid: Number(gid) };
}

function authorOf(wire) {
  const { content } = wire;
  return {
    appkey: content.from_appkey || wire.from_appkey,
    username: content.from_id || wire.from_username,
    name: content.from_name || "",
  };
}

/** Where a message belongs: to its group, or to the pair of `me` and the other one. */
export function placeOf(wire, me) {
  if (wire.msg_type === GROUP) return groupPlace(wire.from_gid);
  const author = authorOf(wire);
  const mine = isMe(author, me);
  const { target_appkey, target_id } = wire.content;
  return mine ? singlePlace(target_appkey || me.appkey, target_id) : singlePlace(author.appkey, author.username);
}

export function isMe(user, me) {
  return user.username === me.username && user.appkey === me.appkey;
}

/**
 * A message of the wire as the page keeps it. `seq` 0 = outside the sequence (not kept by the server);
 * `body` is null once it was retracted; `stamp` is the sender's create_time, by which an echo is recognised.
 */
export function readMessage(wire, me) {
  const author = authorOf(wire);
  const retracted = (wire.state ?? "kept") !== "kept";
  return {
    id: wire.msg_id,
    seq: wire.seq || 0,
    at: wire.ctime_ms,
    stamp: wire.content.create_time ?? 0,
    author,
    mine: isMe(author, me),
    fromServer: wire.content.from_platform === "api",
    kind: wire.content.msg_type,
    body: retracted ? null : (wire.content.msg_body ?? {}),
    retracted,
    status: "sent",
  };
}

/** A row of list_conversations without its counts. */
export function readPlace(wire) {
  return wire.type === GROUP ? groupPlace(wire.gid ?? wire.key) : singlePlace(wire.appkey, wire.username);
}

/** How requests of our own name a conversation. */
export function target(conversation) {
  const { kind, username, appkey, gid } = conversation;
  return kind === "group" ? { type: GROUP, gid } : { type: SINGLE, username, appkey };
}

/** The content of a message about to be sent. */
export function content(conversation, message, me) {
  const group = conversation.kind === "group";
  const where = group
    ? { target_type: "group", target_id: String(conversation.gid) }
    : { target_type: "single", target_id: conversation.username, target_appkey: conversation.appkey };
  return {
    version: 1,
    ...where,
    target_name: conversation.name,
    from_platform: "web",
    from_id: me.username,
    from_appkey: me.appkey,
    create_time: message.stamp,
    msg_type: message.kind,
    msg_body: message.body,
  };
}

/** The request that sends a message: [event, data]. Its client_id makes every repetition the same message. */
export function sendRequest(conversation, message, me) {
  const common = {
    content: content(conversation, message, me),
    target_name: conversation.name,
    no_offline: false,
    no_notification: false,
    client_id: message.clientId,
  };
  if (conversation.kind === "group") {
    return ["send_group_msg", { ...common, target_gid: String(conversation.gid), appkey: me.appkey }];
  }
  return ["s_across_single_text", { ...common, target_id: conversation.username, appkey: conversation.appkey }];
}
