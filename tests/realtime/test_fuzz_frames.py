"""Any text as a frame: the decoders know it or refuse it, and a connection lives on or is closed with a reason."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imsite.realtime import dispatch, engineio, socketio
from imsite.realtime.engineio import ProtocolError
from tests.inprocess import Server
from tests.wire_client import Closed

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
# Never a login or the like: what events make of their members is tests/realtime/test_fuzz_events.py.
NAMES = st.sampled_from(["ack", "no_such", "msg_sync", "sync_check", ""]) | TEXTS.filter(
    lambda text: text not in dispatch.registered_events()
)
EVENTS = st.tuples(NAMES, JSON) | st.tuples(NAMES, st.fixed_dictionaries({"rid": JSON})) | st.tuples(NAMES)
FRAMES = (
    TEXTS
    | st.tuples(st.sampled_from([*"0123456789b", "42", "42[", "42/a,", "4219", "43", "44", "45"]), TEXTS).map("".join)
    | EVENTS.map(lambda event: "42" + json.dumps(event))
    | st.integers(1, 50_000).map(lambda depth: "42" + "[" * depth)
    | st.integers(1, 5_000).map(lambda depth: '42["a",' + '{"a":' * depth + "1" + "}" * depth + "]")
)


@given(FRAMES)
def test_the_decoders_know_a_frame_or_refuse_it(frame):
    with contextlib.suppress(ProtocolError):
        packet = engineio.decode(frame)
        assert engineio.decode(engineio.encode(packet)) == packet
        if isinstance(packet, engineio.Message):
            message = socketio.decode(packet.text)
            if isinstance(message, socketio.Event):
                dispatch.read(message.name, message.data)


@pytest.fixture(scope="module")
def server():
    with Server() as running:
        yield running


def test_a_connection_lives_on_or_is_closed(server, caplog):
    line, codes = [server.connect()], set()

    @settings(max_examples=300)
    @given(FRAMES)
    def say(frame):
        line[0].send_frame(frame)
        try:
            line[0].ping()
        except Closed as closed:
            codes.add(closed.code)
            line[0] = server.connect()
        assert not line[0].replies
        assert not [record for record in caplog.records if record.levelname == "ERROR"]

    say()
    assert codes <= {1000, 1002, 1009}
    assert server.hub.count()["sessions"] == 0
