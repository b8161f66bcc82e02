import pytest

from messaging.serializers import MessageRequest

REQUEST = {"version": 1, "target_type": "single", "target_id": "alice", "from_type": "admin", "from_id": "robot"}


def read(message_type, body):
    serializer = MessageRequest(data={**REQUEST, "msg_type": message_type, "msg_body": body})
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data["msg_body"]


def test_a_custom_body_is_as_it_was_given():
    body = {"a": None, "b": [None, {"c": None}]}
    assert read("custom", body) == body


@pytest.mark.parametrize("message_type", ["text", "image", "voice"])
def test_a_null_in_a_body_of_the_vendors_is_a_member_that_was_not_set(message_type):
    assert read(message_type, {"hash": None, "extras": {"a": None}}) == {"extras": {"a": None}}
