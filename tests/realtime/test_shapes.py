import pytest
from rest_framework import serializers

from imsite.core.errors import BadValue, Invalid, WrongType
from imsite.realtime import shapes


class Content(serializers.Serializer):
    msg_type = serializers.ChoiceField(choices=["text", "image"])
    msg_body = serializers.DictField()


class Member(serializers.Serializer):
    username = serializers.CharField(max_length=8)


class Shape(serializers.Serializer):
    gid = serializers.IntegerField(min_value=1)
    name = serializers.RegexField(r"^[a-z]+$")
    note = serializers.CharField(required=False)
    is_limit = serializers.BooleanField(required=False)
    content = Content(required=False)
    members = Member(many=True, required=False)
    ids = serializers.ListField(child=serializers.IntegerField(), required=False, max_length=3)
    extras = serializers.JSONField(required=False)

    def validate_note(self, note):
        if note == "forbidden":
            raise serializers.ValidationError("is forbidden")
        return note

    def validate(self, data):
        if data["gid"] == 13:
            raise serializers.ValidationError("gid and name do not go together")
        return data


GOOD = {"gid": 5, "name": "abc"}


def test_data_comes_as_the_shape_reads_it():
    data = {**GOOD, "gid": "5", "note": None, "unknown": 1, "extras": {"k": None}, "members": [{"username": "bob"}]}
    assert shapes.check(Shape, data) == {
        "gid": 5, "name": "abc", "extras": {"k": None}, "members": [{"username": "bob"}],
    }  # fmt: skip


REFUSED = [
    ({"gid": ...}, Invalid, "gid"),
    ({"gid": None}, Invalid, "gid"),
    ({"content": {"msg_body": {}}}, Invalid, "content.msg_type"),
    ({"members": [{"username": "bob"}, {}]}, Invalid, "members.1.username"),
    ({"gid": "five"}, WrongType, "gid"),
    ({"gid": []}, WrongType, "gid"),
    ({"gid": {}}, WrongType, "gid"),
    ({"name": 5}, WrongType, "name"),
    ({"name": ["abc"]}, WrongType, "name"),
    ({"note": {}}, WrongType, "note"),
    ({"note": True}, WrongType, "note"),
    ({"is_limit": "perhaps"}, WrongType, "is_limit"),
    ({"content": "text"}, WrongType, "content"),
    ({"content": {"msg_type": "text", "msg_body": "hi"}}, WrongType, "content.msg_body"),
    ({"members": {"username": "bob"}}, WrongType, "members"),
    ({"members": ["bob"]}, WrongType, "members.0"),
    ({"ids": [1, "x"]}, WrongType, "ids.1"),
    ({"gid": 0}, BadValue, "gid"),
    ({"name": "ABC"}, BadValue, "name"),
    ({"note": ""}, BadValue, "note"),
    ({"note": "forbidden"}, BadValue, "note"),
    ({"content": {"msg_type": "video", "msg_body": {}}}, BadValue, "content.msg_type"),
    ({"members": [{"username": "much too long"}]}, BadValue, "members.0.username"),
    ({"ids": [1, 2, 3, 4]}, BadValue, "ids"),
    ({"gid": 13}, BadValue, "the request"),
]


@pytest.mark.parametrize(("change", "error", "member"), REFUSED)
def test_a_refusal_has_its_kind_and_names_the_member(change, error, member):
    data = {name: value for name, value in {**GOOD, **change}.items() if value is not ...}
    with pytest.raises(Invalid) as refusal:
        shapes.check(Shape, data)
    assert type(refusal.value) is error
    assert str(refusal.value).startswith((f"{member}:", f"{member} is missing")), str(refusal.value)


def test_codes_are_those_of_the_web_sdk():
    assert (Invalid.sdk_code, WrongType.sdk_code, BadValue.sdk_code) == (880002, 880004, 880003)


def test_a_function_is_a_shape():
    def even(data):
        if data["n"] % 2:
            raise BadValue("n is odd")
        return {"half": data["n"] // 2}

    assert shapes.check(even, {"n": 4, "gone": None}) == {"half": 2}
    with pytest.raises(BadValue):
        shapes.check(even, {"n": 3})


def test_without_a_shape_everything_but_none_comes_through():
    assert shapes.check(None, {"a": 1, "b": None}) == {"a": 1}
