"""Several packets in one body, in the three forms that old clients send, and in the one that all of them read."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imsite.realtime import payloads
from imsite.realtime.engineio import ProtocolError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def units(text: str) -> int:
    """As JavaScript counts."""
    return len(text.encode("utf-16-le")) // 2


def of_first_generation(*packets: str) -> bytes:
    """engine.io-parser 1: encoded, counted, encoded again."""
    twice = [packet.encode().decode("latin-1") for packet in packets]
    return "".join(f"{len(packet)}:{packet}" for packet in twice).encode()


def of_second_generation(*packets: str) -> bytes:
    return "".join(f"{units(packet)}:{packet}" for packet in packets).encode()


def in_binary(*packets: str) -> bytes:
    return b"".join(
        b"\0" + bytes(map(int, str(len(packet.encode())))) + b"\xff" + packet.encode() for packet in packets
    )


def read_by_first_generation(payload: str) -> list[str]:
    return [part.encode("latin-1").decode() for part in read_by_second_generation(payload)]


def read_by_second_generation(payload: str) -> list[str]:
    parts, at = [], 0
    while at < len(payload):
        count, _, rest = payload[at:].partition(":")
        parts.append(rest[: int(count)])
        at += len(count) + 1 + int(count)
    return parts


PACKETS = ["0{}", "40", '42["a",{"text":"hé 世界 😀"}]', "2probe", "6"]


@pytest.mark.parametrize(
    ("encode", "decode"),
    [
        (of_first_generation, payloads.decode),
        (of_second_generation, payloads.decode),
        (in_binary, payloads.decode_binary),
    ],
)
def test_packets_of_clients_of_all_generations(encode, decode):
    assert list(decode(encode(*PACKETS))) == PACKETS
    assert list(decode(b"")) == []


def test_what_the_vendors_protocol_shows():
    assert payloads.encode(['0{"sid":"x"}', "40"]) == '12:0{"sid":"x"}2:40'
    assert list(payloads.decode(b'12:0{"sid":"x"}2:40')) == ['0{"sid":"x"}', "40"]
    assert list(payloads.decode("3:4é".encode().replace(b"\xc3\xa9", "Ã©".encode()))) == ["4é"]


@given(st.lists(TEXTS))
def test_every_text_arrives_with_clients_of_both_generations(texts):
    packets = ["42" + json.dumps(["a", {"text": text}], ensure_ascii=False) for text in texts]
    payload = payloads.encode(packets)
    assert payload.isascii()
    for read in (read_by_first_generation, read_by_second_generation):
        assert [json.loads(packet[2:])[1]["text"] for packet in read(payload)] == texts
    script = payloads.wrapped(payload, "7<script>")
    assert script.startswith("___eio[7](")
    assert json.loads(script.removeprefix("___eio[7](").removesuffix(");")) == payload


@given(st.lists(TEXTS.filter(lambda text: text and not text.startswith("b"))))
def test_every_text_is_read_from_clients_of_the_first_generation(packets):
    assert list(payloads.decode(of_first_generation(*packets))) == packets
    assert list(payloads.decode_binary(in_binary(*packets))) == packets


@given(st.lists(TEXTS.filter(lambda text: text and not text.startswith("b"))))
def test_and_of_the_second_unless_it_reads_as_what_was_encoded_twice(packets):
    clear = [one for one in packets if one.isascii() or not is_utf8(one)]
    assert list(payloads.decode(of_second_generation(*clear))) == clear


def is_utf8(text: str) -> bool:
    try:
        text.encode("latin-1").decode()
    except UnicodeError:
        return False
    return True


def test_a_pong_has_its_text_twice_encoded():
    assert read_by_first_generation(payloads.encode(["3é"])) == ["3é"]


def test_binary_packets_are_left_out():
    assert list(payloads.decode(b"6:b4AAAA2:40")) == ["40"]
    assert list(payloads.decode_binary(b"\1\4\xff\4abc\0\2\xff40")) == ["40"]


@pytest.mark.parametrize(
    "body",
    [b"40", b":40", b"x:40", b"-1:4", b"3:40", b"2:402", b"9999999999:4", "２:40".encode(), b"\xff", "1:😀".encode()],
)
def test_what_is_no_payload(body):
    with pytest.raises(ProtocolError):
        list(payloads.decode(body))


@pytest.mark.parametrize(
    "body", [b"\0", b"\0\xff40", b"\0\x0a\xff40", b"\0\3\xff40", b"\0\1\xff\xff", b"\0" + b"\1" * 20]
)
def test_what_is_no_binary_payload(body):
    with pytest.raises(ProtocolError):
        list(payloads.decode_binary(body))


@given(st.binary() | TEXTS.map(str.encode))
def test_nothing_breaks_the_decoders(body):
    for decode in (payloads.decode, payloads.decode_binary, payloads.form_data):
        with contextlib.suppress(ProtocolError):
            list(decode(body))


@pytest.mark.parametrize(
    ("posted", "payload"),
    [
        (b"d=2%3A40", b"2:40"),
        (b"d=a+b%2Bc", b"a b+c"),
        (rb"d=a%5Cnb", b"a\nb"),  # a line break that the client wrote as \n
        (rb"d=a%5C%5Cnb", rb"a\nb"),  # a \n of JSON that it escaped
        (b"d=%E4%B8%96&x=1", "世".encode()),
    ],
)
def test_forms(posted, payload):
    assert payloads.form_data(posted) == payload


@pytest.mark.parametrize("posted", [b"", b"x=1", b"d=%ff", b"\xff", b"a&b&c&d&e&f=1"])
def test_what_is_no_form(posted):
    with pytest.raises(ProtocolError):
        payloads.form_data(posted)
