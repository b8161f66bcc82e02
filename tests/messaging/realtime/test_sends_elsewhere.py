"""Sends by socket to what another application has."""

import pytest

from accounts import services
from accounts.actors import Actor
from groups import services as groups
from messaging.models import Message
from tests.cast import register
from tests.door import Socket

SENDS = [
    ("s_across_single_text", {"target_id": "eve22"}, 880203),
    ("send_group_msg", {"target_gid": "1"}, 880204),
    ("send_room_msg", {"target_gid": "1"}, 881503),
]


@pytest.mark.parametrize(("name", "target", "code"), SENDS)
@pytest.mark.parametrize("exists", [True, False])
def test_another_application_is_no_target_whether_it_exists_or_not(alice, eve, name, target, code, exists):
    content = {"msg_type": "text", "msg_body": {"text": "hi"}}
    appkey = eve.application.appkey if exists else "z" * 24
    asked = {"content": content, **target, "appkey": appkey}
    assert Socket(alice).ask(name, asked)["code"] == code
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_users_and_groups_of_a_sister_application_are_targets(alice, application, pushes):
    sister = services.create_application("Blog", owner=application.owner.name, by=None)[0]
    frank = register(sister, "frank")["frank"]
    ring = groups.create_group("Ring", owner=frank, by=Actor.server(sister))
    alices, content = Socket(alice), {"msg_type": "text", "msg_body": {"text": "hi"}}
    asked = {"content": content, "target_id": "frank", "appkey": sister.appkey, "need_receipt": True}
    sent = alices.ask("s_across_single_text", asked)
    assert (sent["code"], sent["key"], sent["unread_count"]) == (0, frank.pk, 1)
    assert alices.ask("s_across_single_text", {**asked, "appkey": application.appkey})["code"] == 880203
    (message,) = pushes.messages
    assert (message["msg_level"], message["content"]["target_appkey"]) == (1, sister.appkey)
    to_ring = {"content": content, "target_gid": str(ring.pk)}
    assert alices.ask("send_group_msg", {**to_ring, "appkey": sister.appkey})["code"] == 880205
    assert alices.ask("send_group_msg", {**to_ring, "appkey": application.appkey})["code"] == 880204
    groups.change_members(ring, add=[alice], by=Actor.server(sister))
    for appkey in (sister.appkey, application.appkey):  # members name their own application, as the SDK does
        assert alices.ask("send_group_msg", {**to_ring, "appkey": appkey})["code"] == 0
