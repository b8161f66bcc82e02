import orjson
import pytest

from imsite.realtime import socketio
from imsite.realtime.engineio import ProtocolError
from imsite.realtime.socketio import Connect, Disconnect, Event, event_frame

TEXTS = [
    ("0", Connect()),
    ("0/path", Connect("/path")),
    ("1", Disconnect()),
    ("1/path", Disconnect("/path")),
    ('2["ack",{"rid":1}]', Event("ack", {"rid": 1})),
    ('2["login",{"username":"世界","rid":2}]', Event("login", {"username": "世界", "rid": 2})),
    ('2/path,["ack",{"rid":1}]', Event("ack", {"rid": 1}, "/path")),
    ('2["x",null]', Event("x")),
    ('2["x",[1,"a",false]]', Event("x", [1, "a", False])),
]


@pytest.mark.parametrize(("text", "packet"), TEXTS)
def test_a_text_and_its_packet_are_read_and_written(text, packet):
    assert socketio.decode(text) == packet
    assert socketio.encode(packet) == text


TOLERATED = [
    ('2["x"]', Event("x")),
    ('217["x",{"a":1}]', Event("x", {"a": 1})),  # an acknowledgement id
    ('2/path,17["x",{"a":1}]', Event("x", {"a": 1}, "/path")),
    ('2["x",{"a":1},{"b":2}]', Event("x", {"a": 1})),
    ("0/path?token=1,", Connect("/path")),
    ('2 ["x", {"a": 1}]', Event("x", {"a": 1})),
]


@pytest.mark.parametrize(("text", "packet"), TOLERATED)
def test_what_other_clients_add_is_read(text, packet):
    assert socketio.decode(text) == packet


BAD = [
    "", "3", '31["x"]', '4"error"', "5", '51-["x",{"_placeholder":true,"num":0}]', "6", "9", "x",
    "2", "2{}", "2[]", "2[1]", "2[null,{}]", '2["x"', '2["x",{]', '2["x",{"a":NaN}]', '2["x",{"a":"\\ud800"}]', '2"x"',
    "2" + "[" * 3000 + "]" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_packet_is_refused(text):
    with pytest.raises(ProtocolError):
        socketio.decode(text)


def test_an_event_frame_is_whole_and_holds_parts_that_were_encoded_before():
    frame = event_frame("msg_sync", {"messages": [orjson.Fragment(b'{"msg_id":5,"text":"\xe4\xb8\x96"}')]})
    assert frame == '42["msg_sync",{"messages":[{"msg_id":5,"text":"世"}]}]'.encode()
