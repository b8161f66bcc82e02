import pytest

from imsite.realtime import engineio
from imsite.realtime.engineio import Close, Message, Noop, Open, Ping, Pong, ProtocolError, Upgrade

FRAMES = [
    ('0{"sid":"w7c0","upgrades":[],"pingInterval":25000,"pingTimeout":60000}', Open("w7c0", 25000, 60000)),
    ("1", Close()),
    ("2", Ping()),
    ("2probe", Ping("probe")),
    ("3", Pong()),
    ("3probe", Pong("probe")),
    ("4", Message("")),
    ('42["ack",{"rid":1}]', Message('2["ack",{"rid":1}]')),
    ("4é世界😀", Message("é世界😀")),
    ("5", Upgrade()),
    ("6", Noop()),
]


@pytest.mark.parametrize(("frame", "packet"), FRAMES)
def test_a_frame_and_its_packet_are_read_and_written(frame, packet):
    assert engineio.decode(frame) == packet
    assert engineio.encode(packet) == frame


BAD = [
    "", " ", "7", "9x", "x", "hello", "b4AAAA", "11", "5x", "6noop", "\x00", "-1", "４",
    "0", "0[]", "0{", "0null", '0{"sid":1,"pingInterval":1,"pingTimeout":1}',
    '0{"sid":"a","pingInterval":"1","pingTimeout":1}', '0{"sid":"a","pingInterval":true,"pingTimeout":1}',
]  # fmt: skip


@pytest.mark.parametrize("frame", BAD)
def test_what_is_no_packet_is_refused(frame):
    with pytest.raises(ProtocolError):
        engineio.decode(frame)


def test_unknown_members_of_an_open_packet_are_ignored():
    frame = '0{"sid":"a","upgrades":["websocket"],"pingInterval":1,"pingTimeout":2,"maxPayload":9}'
    assert engineio.decode(frame) == Open("a", 1, 2, ("websocket",))


def test_the_refusal_quotes_nothing_of_the_frame():
    with pytest.raises(ProtocolError) as refusal:
        engineio.decode("x secret")
    assert "secret" not in str(refusal.value)
