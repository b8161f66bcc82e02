"""Sends by socket to what another application has."""

import pytest

from messaging.models import Message
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
