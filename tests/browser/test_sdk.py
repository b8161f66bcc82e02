"""Our SDK in Chromium, in pages of another site: every method of JMessage, and what the other side receives of it."""

import re
from pathlib import Path

import pytest

from tests.backing import wait_until
from tests.browser.sdk_page import SdkPage, elsewhere
from tests.browser.site import PASSWORD, picture

pytestmark = [pytest.mark.browser, pytest.mark.sqlite_only]

ROOT = Path(__file__).parents[2]
DOCUMENTED = (ROOT / "tests" / "js" / "sdk" / "documented.txt").read_text().split()
FILE = b"a,b\n1,2\n"


@pytest.fixture(scope="module")
def origin():
    with elsewhere() as address:
        yield address


@pytest.fixture(scope="module", autouse=True)
def accounts(site):
    site.register(alice="Alice", bobby="Bobby", carol="Carol", rosa="Rosa")


@pytest.fixture(scope="module")
def stage(browser, site, origin):
    """Opens pages; none of them may end with an error that nobody caught."""
    pages = []

    def come(username=None, *, flag=0, **options):
        page = SdkPage(browser, site, origin, **options)
        pages.append(page)
        return page.sign_in(username, flag) if username else page

    yield come
    trouble = [line for page in pages for line in page.trouble]
    for page in pages:
        page.close()
    assert trouble == []


@pytest.fixture(scope="module")
def alice(stage):
    return stage("alice")


@pytest.fixture(scope="module")
def bobby(stage):
    return stage("bobby", form="module")


@pytest.fixture(scope="module")
def carol(stage):
    return stage("carol")


@pytest.fixture(scope="module")
def gid(alice, bobby):
    """A public group of alice's with bobby in it."""
    made = alice.createGroup(group_name="Team", group_description="ours", is_limit=True)
    assert (made["group_name"], made["group_description"]) == ("Team", "ours")
    alice.hear_event(8, gid=made["gid"])
    alice.addGroupMembers(gid=made["gid"], member_usernames=[{"username": "bobby"}])
    for somebody in (alice, bobby):
        assert somebody.hear_event(10, gid=made["gid"])["to_usernames"][0]["username"] == "bobby"
    return made["gid"]


@pytest.fixture(scope="module")
def room(site, alice, bobby):
    made = site.rest("POST", "/v1/chatroom/", {"owner_username": "rosa", "name": "Lobby", "description": "all"})
    for somebody in (alice, bobby):
        assert somebody.enterChatroom(id=made["chatroom_id"])["id"] == made["chatroom_id"]
    return made["chatroom_id"]


def names(people):
    return [person["username"] for person in people]


def test_every_documented_method_is_called_here():
    source = Path(__file__).read_text() + (Path(__file__).parent / "sdk_page.py").read_text()
    missing = [name for name in DOCUMENTED if not re.search(rf'(\.{name}\(|"{name}")', source)]
    assert missing == []


@pytest.mark.parametrize("path", ["/static/sdk/jmessage.js", "/sdk/jmessage.js", "/static/sdk/jmessage.classic.js"])
def test_any_site_may_load_it(site, origin, path):
    answer = site.http.get(site.url + path, headers={"Origin": origin}, timeout=20)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert answer.headers["Content-Type"].startswith("text/javascript")


# Coming and going


def test_init_register_login_and_out(stage, site):
    dora = stage()
    wait_until(lambda: dora.isConnect(), "a connection")
    assert (dora.isInit(), dora.isLogin()) == (False, False)
    assert dora.refused("login", username="dora", password=PASSWORD) == 882004
    assert dora.refused("init", **dora.payload(signature="0" * 32)) == 880102
    dora.init(**dora.payload())
    assert dora.isInit()
    dora.register(username="dora", password=PASSWORD, nickname="Dora", extras={"k": "v"}, address="深圳")
    assert dora.refused("register", username="dora", password=PASSWORD) == 882002
    assert dora.refused("login", username="dora", password="wrong") == 880104
    answer = dora.login(username="dora", password=PASSWORD)
    assert isinstance(answer["online_list"], list)
    assert dora.isLogin()
    assert dora.getUserInfo(username="dora")["user_info"]["extras"] == {"k": "v"}
    dora.loginOut()
    assert (dora.isConnect(), dora.isInit(), dora.isLogin()) == (False, False, False)
    dora.sign_in("dora")


def test_a_second_login_ends_the_first(stage, site):
    site.register("twin")
    first = stage("twin")
    second = stage("twin")
    assert first.hear_event(1)["extra"] == 0
    assert (first.isInit(), first.isLogin(), second.isLogin()) == (False, False, True)
    assert first.heard("onDisconnect") == []


def test_a_lost_link_comes_back_by_itself_and_brings_what_was_missed(stage, site, proxy, alice):
    site.register("finn")
    finn = stage("finn", address=proxy.url)
    alice.sendSingleMsg(target_username="finn", content="before")
    assert finn.hear_message()["content"]["msg_body"] == {"text": "before"}
    proxy.cut()
    wait_until(lambda: not finn.isConnect(), "the loss")
    for text in ("one", "two"):
        alice.sendSingleMsg(target_username="finn", content=text)
    proxy.mend()
    (synced,) = finn.hear("onSyncConversation", lambda told: bool(told))
    assert [message["content"]["msg_body"]["text"] for message in synced["msgs"]] == ["one", "two"]
    assert finn.isLogin() and finn.isConnect()
    assert finn.heard("onDisconnect") == []
    assert finn.getUnreadMsgCnt(username="alice") == 3
    assert finn.sendSingleMsg(target_username="alice", content="back")["code"] == 0
    assert alice.hear_message()["content"]["msg_body"] == {"text": "back"}


def test_when_it_cannot_come_back_on_disconnect_says_so(stage, site, proxy):
    site.register("gina")
    gina = stage("gina", address=proxy.url)
    proxy.cut()
    wait_until(lambda: not gina.isConnect(), "the loss")
    site.rest("PUT", "/v1/users/gina/password", {"new_password": "another"})
    proxy.mend()
    gina.hear("onDisconnect")
    assert (gina.isInit(), gina.isLogin()) == (False, False)
    gina.init(**gina.payload())
    gina.login(username="gina", password="another")


def test_what_a_browser_remembers(stage, site, alice):
    site.register("hugo")
    hugo = stage("hugo")
    alice.sendSingleMsg(target_username="hugo", content="remember me")
    hugo.hear_message()
    hugo.updateConversation(username="alice", extras={"pinned": True})
    assert hugo.getUnreadMsgCnt(username="alice") == 1
    hugo.page.evaluate("dispatchEvent(new Event('pagehide'))")
    hugo.page.evaluate("jim.close()")
    hugo.page.evaluate("address => { window.jim = new JMessage({ address }); }", hugo.address)
    hugo.sign_in("hugo")
    (cached,) = hugo.getCachedConversations()
    assert (cached["username"], cached["last"]["content"]["msg_body"]) == ("alice", {"text": "remember me"})
    (row,) = hugo.getConversation()["conversations"]
    assert (row["username"], row["extras"], row["unread_msg_count"]) == ("alice", {"pinned": True}, 1)


def test_a_browser_that_remembers_nothing(stage, site, alice):
    site.register("jule")
    jule = stage("jule", private=True)
    alice.sendSingleMsg(target_username="jule", content="hi")
    assert jule.hear_message()["content"]["msg_body"] == {"text": "hi"}
    jule.updateConversation(username="alice", extras={"k": 1})
    (row,) = jule.getConversation()["conversations"]
    assert (row["extras"], row["unread_msg_count"]) == ({"k": 1}, 1)
    jule.page.evaluate("dispatchEvent(new Event('pagehide'))")


def test_an_upload_can_be_stopped(alice):
    stopped = """([bytes]) => {
      const stop = new AbortController();
      const options = { signal: stop.signal, onProgress: () => stop.abort() };
      return settled(jim.sendSinglePic({ target_username: "bobby", image: pic(bytes) }, options));
    }"""
    assert alice.page.evaluate(stopped, [list(picture())])["name"] == "AbortError"


def test_a_call_can_be_stopped(alice):
    stopped = """() => {
      const stop = new AbortController();
      const call = settled(jim.getGroups({ signal: stop.signal }));
      stop.abort();
      return call;
    }"""
    assert alice.page.evaluate(stopped)["name"] == "AbortError"


def test_the_four_callbacks(alice):
    told = alice.page.evaluate(
        """() => new Promise((resolve) => {
            const told = [];
            jim.sendSingleMsg({ target_username: "bobby", content: "chained" })
              .onAck(() => told.push("ack"))
              .onFail(() => told.push("fail"))
              .onTimeout(() => told.push("timeout"))
              .onSuccess((data, msg) => resolve([...told, data.code, msg.content.msg_body.text, msg.msg_id === data.msg_id]));
        })"""
    )
    assert told == ["ack", 0, "chained", True]


# Oneself and others


def test_profiles(alice, bobby):
    alice.getFriendList()
    alice.updateSelfInfo(nickname="Alice W.", region="Paris", gender=2)
    uploaded = alice.upload("updateSelfAvatar", "avatar", picture(), "me.png", "image/png")
    assert uploaded["code"] == 0
    info = bobby.getUserInfo(username="alice")["user_info"]
    assert (info["nickname"], info["region"], info["gender"]) == ("Alice W.", "Paris", 2)
    assert bobby.getResource(media_id=info["avatar"])["url"].startswith("http")
    assert bobby.refused("getUserInfo", username="nobody") == 882002
    assert bobby.refused("getResource", media_id="image/none") in (880002, 880003, 880005)


def test_a_changed_password(stage, site):
    site.register("irene")
    irene = stage("irene")
    assert irene.refused("updateSelfPwd", old_pwd="wrong", new_pwd="newer1") == 882002
    irene.updateSelfPwd(old_pwd=PASSWORD, new_pwd="newer1")
    irene.loginOut()
    irene.init(**irene.payload())
    assert irene.refused("login", username="irene", password=PASSWORD) == 880104
    irene.login(username="irene", password="newer1")


def test_newer_profiles_are_told(alice, bobby, gid):
    alice.getGroupMembers(gid=gid)
    known = alice.getUserInfo(username="bobby")["user_info"]["mtime"]

    def is_newer():
        bobby.updateSelfInfo(nickname="Bob the Newer")
        return alice.getUserInfo(username="bobby")["user_info"]["mtime"] > known  # it counts seconds

    wait_until(is_newer, "a newer profile")
    bobby.sendSingleMsg(target_username="alice", content="it is me")
    assert alice.hear("onUserInfUpdate")["username"] == "bobby"


# Messages

TEXT = ({"content": "hi 你好"}, {"text": "hi 你好"})
PLACE = {"latitude": 1.5, "longitude": 2.5, "scale": 3, "label": "here"}
LOCATION = (PLACE, PLACE)
CUSTOM = ({"custom": {"a": [1]}}, {"a": [1]})
IMAGE = {"media_id": "image/1", "media_crc32": 1, "width": 2, "height": 3}
DOCUMENT = {"media_id": "file/1", "media_crc32": 1, "fsize": 2, "fname": "x"}


def message_of(page, msg_id):
    (message,) = page.hear("onMsgReceive", lambda told: told["messages"][0]["msg_id"] == msg_id)["messages"]
    return message


def room_message_of(page, msg_id):
    return page.hear("onRoomMsg", lambda told: told["msg_id"] == msg_id)


@pytest.mark.parametrize(
    ("method", "said"), [("sendSingleMsg", TEXT), ("sendSingleLocation", LOCATION), ("sendSingleCustom", CUSTOM)]
)
def test_to_a_user(alice, bobby, method, said):
    args, body = said
    answer = getattr(alice, method)(target_username="bobby", extras={"k": "v"}, need_receipt=True, **args)
    assert (answer["target_username"], answer["msg"]["msg_id"]) == ("bobby", answer["msg_id"])
    message = message_of(bobby, answer["msg_id"])
    assert (message["from_username"], message["msg_type"], message["msg_level"]) == ("alice", 3, "normal")
    assert message["content"]["msg_body"] == {**body, "extras": {"k": "v"}}


@pytest.mark.parametrize(
    ("method", "said"), [("sendGroupMsg", TEXT), ("sendGroupLocation", LOCATION), ("sendGroupCustom", CUSTOM)]
)
def test_to_a_group(alice, bobby, gid, method, said):
    args, body = said
    message = message_of(bobby, getattr(alice, method)(target_gid=gid, **args)["msg_id"])
    assert (message["from_gid"], message["msg_type"]) == (gid, 4)
    assert message["content"]["msg_body"] == body


@pytest.mark.parametrize(
    ("method", "said"), [("sendChatroomMsg", TEXT), ("sendChatroomLocation", LOCATION), ("sendChatroomCustom", CUSTOM)]
)
def test_to_a_room(alice, bobby, room, method, said):
    args, body = said
    answer = getattr(alice, method)(target_rid=room, **args)
    assert answer["room_id"] == room
    assert room_message_of(bobby, answer["msg_id"])["content"]["msg_body"] == body


@pytest.mark.parametrize(
    ("method", "body"),
    [("sendSingleMsg", {"text": "again", "extras": {"k": 1}}), ("sendSinglePic", IMAGE), ("sendSingleFile", DOCUMENT)],
)
def test_what_is_passed_on(alice, bobby, method, body):
    answer = getattr(alice, method)(target_username="bobby", msg_body=body)
    assert message_of(bobby, answer["msg_id"])["content"]["msg_body"] == body


@pytest.mark.parametrize("methods", [
    ("sendSinglePic", "sendSingleFile"), ("sendGroupPic", "sendGroupFile"), ("sendChatroomPic", "sendChatroomFile"),
])  # fmt: skip
def test_pictures_and_files(alice, bobby, gid, room, methods):
    place = {"target_username": "bobby", "target_gid": gid, "target_rid": room}
    arrived = room_message_of if "Chatroom" in methods[0] else message_of
    send_picture, send_file = methods
    sent = alice.upload(send_picture, "image", picture(40, 30), "p.png", "image/png", **place)
    body = arrived(bobby, sent["msg_id"])["content"]["msg_body"]
    assert (body["width"], body["height"], body["format"]) == (40, 30, "png")
    sent = alice.upload(send_file, "file", FILE, "t.csv", "text/csv", **place)
    body = arrived(bobby, sent["msg_id"])["content"]["msg_body"]
    assert (body["fname"], body["fsize"]) == ("t.csv", len(FILE))


def test_everybody_is_mentioned(alice, bobby, gid):
    alice.sendGroupMsg(target_gid=gid, content="@all", at_list=[])
    assert bobby.hear("onMsgReceive", lambda told: "at_list" in told["messages"][0]["content"])
    sent = alice.sendGroupMsg(target_gid=str(gid), content="@Bob", at_list=[{"username": "bobby"}])
    told = bobby.hear("onMsgReceive", lambda told: told["messages"][0]["msg_id"] == sent["msg_id"])
    assert names(told["messages"][0]["content"]["at_list"]) == ["bobby"]


def test_refusals_of_sends(alice, site):
    assert alice.refused("sendSingleMsg", target_username="nobody", content="x") == 880203
    assert alice.refused("sendGroupMsg", target_gid=999999999, content="x") == 880204
    assert alice.refused("sendChatroomMsg", target_rid=999999999, content="x") == 881503
    assert alice.refused("sendSingleMsg", target_username="bobby", content="x" * 20_000) == 880206


def test_taken_back(alice, bobby):
    sent = alice.sendSingleMsg(target_username="bobby", content="wrong window")
    alice.msgRetract(msg_id=sent["msg_id"])
    event = bobby.hear_event(55)
    assert (event["msg_ids"], event["type"]) == ([sent["msg_id"]], 0)
    assert alice.refused("msgRetract", msg_id=sent["msg_id"]) == 881404


def test_what_came_while_away_and_the_list_of_conversations(stage, site, alice):
    site.register("jana")
    alice.sendSingleMsg(target_username="jana", content="later")
    jana = stage("jana")
    (entry,) = jana.hear("onSyncConversation", lambda told: bool(told))
    assert (entry["from_username"], entry["unread_msg_count"], len(entry["msgs"])) == ("alice", 1, 1)
    (row,) = jana.getConversation()["conversations"]
    assert (row["name"], row["unread_msg_count"]) == ("alice", 1)
    jana.resetUnreadCount(username="alice")
    assert jana.getUnreadMsgCnt(username="alice") == 0


def test_history_at_each_login_with_roaming(stage, site, alice):
    site.register("klara")
    klara = stage("klara")
    klara.sendSingleMsg(target_username="alice", content="from here")
    klara.loginOut()
    again = stage("klara", flag=1)
    (entry,) = again.hear("onSyncConversation", lambda told: bool(told))
    assert [message["content"]["msg_body"]["text"] for message in entry["msgs"]] == ["from here"]
    assert entry["unread_msg_count"] == 0


# Groups


def test_groups_as_lists(alice, gid):
    (group,) = [group for group in alice.getGroups()["group_list"] if group["gid"] == gid]
    assert (group["name"], group["group_type"]) == ("Team", 2)
    assert alice.getGroupInfo(gid=gid)["group_info"]["desc"] == "ours"
    members = alice.getGroupMembers(gid=gid)["member_list"]
    assert {member["username"]: member["flag"] for member in members} == {"alice": 1, "bobby": 0}
    assert gid in [group["gid"] for group in alice.getAppkeyPublicGroups(start=0)["result"]["groups"]]
    assert alice.refused("getGroupInfo", gid=999999999) == 882002


def test_a_group_changes_and_ends(alice, bobby, carol):
    made = alice.upload("createGroup", "avatar", picture(), "g.png", "image/png", group_name="Short")
    gid = made["gid"]
    alice.addGroupMembers(gid=gid, member_usernames=[{"username": "bobby"}, {"username": "carol"}])
    bobby.hear_event(10, gid=gid)
    alice.updateGroupInfo(gid=gid, group_name="Shorter")
    assert bobby.hear_event(12, gid=gid)["group_name"] == "Shorter"
    alice.addGroupMemSilence(gid=gid, target_username="carol")
    assert carol.hear_event(65, gid=gid)["extra"] == 1
    assert carol.refused("sendGroupMsg", target_gid=gid, content="x") == 880212
    alice.delGroupMemSilence(gid=gid, target_username="carol")
    assert carol.hear_event(65, gid=gid)["extra"] == 2
    alice.addGroupKeeper(gid=gid, member_usernames=[{"username": "bobby"}])
    assert bobby.hear_event(80, gid=gid)["extra"] == 1
    alice.delGroupKeeper(gid=gid, member_usernames=[{"username": "bobby"}])
    assert bobby.hear_event(80, gid=gid)["extra"] == 2
    alice.delGroupMembers(gid=gid, member_usernames=[{"username": "carol"}])
    assert names(carol.hear_event(11, gid=gid)["to_usernames"]) == ["carol"]
    alice.changeGroupAdmin(gid=gid, target_username="bobby")
    assert names(bobby.hear_event(82, gid=gid)["to_usernames"]) == ["bobby"]
    assert alice.exitGroup(gid=gid)["gid"] == gid
    assert names(bobby.hear_event(9, gid=gid)["to_usernames"]) == ["alice"]
    bobby.dissolveGroup(gid=gid)
    assert bobby.hear_event(9, gid=gid)["extra"] == 69


def test_asking_to_join(alice, carol, gid):
    carol.joinGroup(gid=gid, reason="please")
    asked = alice.hear_event(56, gid=gid)
    assert (asked["by_self"], asked["description"], names(asked["to_usernames"])) == (True, "please", ["carol"])
    answer = {"gid": gid, "event_id": asked["event_id"], "from_username": "carol", "target_username": "carol"}
    alice.addGroupMemberResp(**answer, result=1, reason="full")
    assert carol.hear_event(57, gid=gid)["description"] == "full"
    assert alice.refused("addGroupMemberResp", **answer, result=0) == 880612


# Rooms


def test_rooms(alice, carol, room):
    assert room in [one["id"] for one in carol.getAppkeyChatrooms(start=0)["result"]["rooms"]]
    assert carol.getChatroomInfo(id=room)["info"]["name"] == "Lobby"
    assert carol.refused("exitChatroom", id=room) == 881501
    sent = alice.sendChatroomMsg(target_rid=room, content="history")
    assert carol.enterChatroom(id=room)["id"] == room
    assert carol.hear("onRoomMsg", lambda told: told["msg_id"] == sent["msg_id"])
    assert [one["id"] for one in carol.getSelfChatrooms()["chat_rooms"]] == [room]
    assert carol.exitChatroom(id=room)["id"] == room
    assert carol.getSelfChatrooms()["chat_rooms"] == []


# Friends, blacklist, no-disturb, shields


def test_friends(alice, bobby, carol):
    alice.addFriend(target_name="bobby", why="hello")
    asked = bobby.hear_event(5)
    assert (asked["from_username"], asked["description"], asked["extra"]) == ("alice", "hello", 1)
    bobby.acceptFriend(target_name="alice")
    assert alice.hear_event(5)["return_code"] == 0
    (friend,) = alice.getFriendList()["friend_list"]
    assert friend["username"] == "bobby"
    alice.updateFriendMemo(target_name="bobby", memo_name="Bob", memo_others="from work")
    (friend,) = alice.getFriendList()["friend_list"]
    assert (friend["memo_name"], friend["memo_others"]) == ("Bob", "from work")
    alice.delFriend(target_name="bobby")
    assert bobby.hear_event(6)["from_username"] == "alice"
    assert alice.refused("delFriend", target_name="bobby") == 881303
    carol.addFriend(target_name="alice")
    alice.hear_event(5)
    alice.declineFriend(target_name="carol", why="yes")
    refused = carol.hear_event(5)
    assert refused["return_code"] != 0
    assert alice.getFriendList()["friend_list"] == []


def test_blacklist(alice, carol):
    alice.addSingleBlacks(member_usernames=[{"username": "carol"}])
    assert names(alice.getBlacks()["black_list"]) == ["carol"]
    assert carol.refused("sendSingleMsg", target_username="alice", content="x") == 880207
    alice.delSingleBlacks(member_usernames=[{"username": "carol"}])
    assert alice.getBlacks()["black_list"] == []
    assert alice.refused("delSingleBlacks", member_usernames=[]) == 880602


def test_no_disturb(alice, gid):
    alice.addSingleNoDisturb(target_name="bobby")
    alice.addGroupNoDisturb(gid=gid)
    alice.addGlobalNoDisturb()
    quiet = alice.getNoDisturb()["no_disturb"]
    assert (quiet["global"], names(quiet["users"])) == (1, ["bobby"])
    assert [(group["gid"], group["group_type"]) for group in quiet["groups"]] == [(gid, 2)]
    assert alice.refused("addGlobalNoDisturb") == 881107
    alice.delSingleNoDisturb(target_name="bobby")
    alice.delGroupNoDisturb(gid=gid)
    alice.delGlobalNoDisturb()
    assert alice.getNoDisturb()["no_disturb"] == {"global": 0, "users": [], "groups": []}


def test_shields(alice, bobby, gid):
    bobby.addGroupShield(gid=gid)
    answer = bobby.groupShieldList()
    assert [group["gid"] for group in answer["groups"]] == [group["gid"] for group in answer["group_list"]] == [gid]
    alice.sendGroupMsg(target_gid=gid, content="not for bobby")
    bobby.delGroupShield(gid=gid)
    sent = alice.sendGroupMsg(target_gid=gid, content="for bobby")
    (message,) = bobby.hear("onMsgReceive", lambda told: told["messages"][0]["from_gid"] == gid)["messages"]
    assert message["msg_id"] == sent["msg_id"]
    assert bobby.groupShieldList()["groups"] == []


# Receipts and commands


def test_receipts(alice, bobby, gid):
    single = alice.sendSingleMsg(target_username="bobby", content="read me", need_receipt=True)
    answer = bobby.addSingleReceiptReport(username="alice", msg_ids=[single["msg_id"]])
    assert (answer["username"], answer["msg_ids"]) == ("alice", [single["msg_id"]])
    change = alice.hear("onMsgReceiptChange")
    assert (change["username"], change["receipt_msgs"][0]["unread_count"]) == ("bobby", 0)
    group = alice.sendGroupMsg(target_gid=gid, content="read me all", need_receipt=True)
    lists = alice.msgUnreadList(msg_id=group["msg_id"])["msg_unread_list"]
    assert (names(lists["unread_list"]), lists["read_list"]) == (["bobby"], [])
    assert bobby.addGroupReceiptReport(gid=gid, msg_ids=[group["msg_id"]])["msg_ids"] == [group["msg_id"]]
    assert alice.hear("onMsgReceiptChange")["gid"] == gid
    assert names(alice.msgUnreadList(msg_id=group["msg_id"])["msg_unread_list"]["read_list"]) == ["bobby"]


def test_commands(alice, bobby, gid):
    alice.transSingleMsg(target_username="bobby", cmd="typing")
    assert bobby.hear("onTransMsgRec")["cmd"] == "typing"
    alice.transGroupMsg(gid=gid, cmd="refresh")
    told = bobby.hear("onTransMsgRec")
    assert (told["type"], told["gid"], told["cmd"]) == (4, gid, "refresh")
    assert alice.refused("transSingleMsg", target_username="jana-is-away", cmd="x") in (880203, 881602)


def test_commands_to_ones_own_devices(alice):
    assert alice.page.evaluate(
        "() => new Promise((resolve) => jim.transPlatMsg({ platform: 'all', cmd: 'go' })"
        ".onSuccess(() => resolve(true)).onFail(({ code }) => resolve(code === 881602)))"
    )
