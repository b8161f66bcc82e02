/** The methods that are one request and its answer: name → {event, shapes, more, answer}. Source: Web SDK. */

import { defaulting, flag, id, msgId, number, object, optional, text, users, words } from "./checks.js";

const GID = { gid: id };
const USER = { target_name: text, appkey: optional(text) };
const MEMBERS = { gid: id, member_usernames: users };
const PERSON = { gid: id, target_username: text, target_appkey: optional(text) };
const VERSION = { version: 0 };
const PAGE = { start: defaulting(number, 0), appkey: optional(text) };

function withoutUid({ uid, ...user }) {
  return user;
}

/** `flag` of a group is called group_type. */
function toGroup({ flag: group_type, ...group }) {
  return { ...group, group_type };
}

const toGroups = (groups) => groups.map(toGroup);

function request(event, shapes = {}, { more = {}, answer = (data) => data, learn } = {}) {
  return { event, shapes, more, answer, learn };
}

export const METHODS = {
  // Users
  getUserInfo: request(
    "get_across_user_info",
    { username: text, appkey: optional(text) },
    { more: (me) => ({ appkey: me.appkey }), answer: (data) => ({ ...data, user_info: withoutUid(data.user_info) }) },
  ),
  updateSelfInfo: request("update_user_inf", {
    nickname: optional(words),
    birthday: optional((name, value) => value),
    signature: optional(words),
    gender: optional(number),
    region: optional(words),
    address: optional(words),
    extras: optional(object),
  }),

  // Messages
  msgRetract: request("msg_retract", { msg_id: msgId }),
  msgUnreadList: request("msg_unread_list", { msg_id: msgId }),
  getResource: request("get_resource", { media_id: text }),
  transSingleMsg: request("trans_msg_single", { target_username: text, cmd: words, target_appkey: optional(text) }),
  transGroupMsg: request("trans_msg_group", { gid: id, cmd: words }),
  transPlatMsg: request("trans_msg_platform", { platform: text, cmd: words }),

  // Groups
  exitGroup: request("exit_group", GID),
  getGroups: request("get_groups_list", {}, { answer: (data) => ({ ...data, group_list: toGroups(data.group_list) }) }),
  getGroupInfo: request("get_group_info", GID, { answer: (data) => ({ ...data, group_info: toGroup(data.group_info) }) }),
  getGroupMembers: request("get_group_members", GID, {
    learn: (data) => data.member_list.map(({ uid, mtime }) => [uid, new Date(mtime).getTime()]),
    answer: (data) => ({ ...data, member_list: data.member_list.map(({ uid, mtime, ...member }) => member) }),
  }),
  addGroupMembers: request("add_across_group_member", MEMBERS),
  delGroupMembers: request("del_across_group_member", MEMBERS),
  joinGroup: request("apply_join_group", { gid: id, reason: optional(words) }),
  addGroupMemberResp: request("admin_add_group_member", {
    gid: id,
    event_id: id,
    target_username: text,
    from_username: text,
    result: number,
    reason: optional(words),
    from_appkey: optional(text),
    target_appkey: optional(text),
  }),
  addGroupMemSilence: request("group_mem_silence", PERSON, { more: { keep_silence: true } }),
  delGroupMemSilence: request("group_mem_silence", PERSON, { more: { keep_silence: false } }),
  addGroupKeeper: request("add_group_keeper", MEMBERS),
  delGroupKeeper: request("del_group_keeper", MEMBERS),
  changeGroupAdmin: request("change_group_admin", PERSON),
  dissolveGroup: request("dissolve_group", GID),
  getAppkeyPublicGroups: request("public_group_list", PAGE, {
    answer: (data) => ({ ...data, result: { ...data.result, groups: toGroups(data.result.groups) } }),
  }),

  // Chat rooms
  getAppkeyChatrooms: request("room_list", PAGE),
  getSelfChatrooms: request("room_list_self"),
  getChatroomInfo: request("room_info", { id }),
  enterChatroom: request("join_room", { id }),
  exitChatroom: request("exit_room", { id }),

  // No-disturb and shields
  getNoDisturb: request("no_disturb", {}, {
    more: VERSION,
    answer: (data) => ({ ...data, no_disturb: { ...data.no_disturb, groups: toGroups(data.no_disturb.groups) } }),
  }), // prettier-ignore
  addSingleNoDisturb: request("add_msg_no_disturb_single", USER, { more: VERSION }),
  delSingleNoDisturb: request("delete_msg_no_disturb_single", USER, { more: VERSION }),
  addGroupNoDisturb: request("add_msg_no_disturb_group", GID, { more: VERSION }),
  delGroupNoDisturb: request("delete_msg_no_disturb_group", GID, { more: VERSION }),
  addGlobalNoDisturb: request("add_msg_no_disturb_global", {}, { more: VERSION }),
  delGlobalNoDisturb: request("delete_msg_no_disturb_global", {}, { more: VERSION }),
  addGroupShield: request("add_msg_shield_group", GID),
  delGroupShield: request("del_msg_shield_group", GID),
  groupShieldList: request("list_shield_group", {}, {
    // The document says group_list, the vendor's server and client say groups: both.
    answer: (data) => ({ ...data, groups: toGroups(data.groups), group_list: toGroups(data.groups) }),
  }), // prettier-ignore

  // Friends and blacklist
  getFriendList: request("get_friend_list", {}, {
    learn: (data) => data.friend_list.map(({ uid, mtime }) => [uid, mtime * 1000]),
    answer: (data) => ({ ...data, friend_list: data.friend_list.map(withoutUid) }),
  }), // prettier-ignore
  addFriend: request("add_friend", { ...USER, why: defaulting(words, "") }, { more: { from_type: 1 } }),
  acceptFriend: request("add_friend", USER, { more: { why: "yes", from_type: 2 } }),
  declineFriend: request("add_friend", { ...USER, why: defaulting((name, value) => declining(words(name, value)), "no") }, {
    more: { from_type: 2 },
  }), // prettier-ignore
  delFriend: request("del_friend", USER),
  updateFriendMemo: request("update_friend_memo", { ...USER, memo_name: words, memo_others: optional(words) }),
  getBlacks: request("get_black_list", {}, {
    more: VERSION,
    answer: (data) => ({ ...data, black_list: data.black_list.map(withoutUid) }),
  }), // prettier-ignore
  addSingleBlacks: request("add_black_list", { member_usernames: users }),
  delSingleBlacks: request("del_black_list", { member_usernames: users }),
};

/** A refusal says why, and never the one word that accepts. */
function declining(why) {
  const blank = why.trim() === "";
  return blank ? "no" : why === "yes" ? "yes." : why;
}

/** An account to be made. */
export const REGISTRATION = {
  username: text,
  password: text,
  is_md5: optional(flag),
  nickname: optional(words),
  birthday: optional((name, value) => value),
  signature: optional(words),
  gender: optional(number),
  region: optional(words),
  address: optional(words),
  extras: optional(object),
  media_id: optional(words),
};
