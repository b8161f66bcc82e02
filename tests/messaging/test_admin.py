"""The console's pages about what is said."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import services as accounts
from accounts.actors import Actor
from imsite.core import clock
from messaging.models import Conversation, Media, Message, SensitiveWord
from messaging.services import media, sending, words
from messaging.services.sending import Draft
from tests.messaging.conftest import target_of
from tests.messaging.pictures import picture, size_of

MESSAGES = reverse("admin:messaging_message_changelist")
CONVERSATIONS = reverse("admin:messaging_conversation_changelist")
UPLOADS = reverse("admin:messaging_media_changelist")
WORDS = reverse("admin:messaging_sensitiveword_changelist")
ADD_WORDS = reverse("admin:messaging_sensitiveword_add")
EVIL = "<script>alert('x')</script>"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def root(db):
    return accounts.create_operator("root1")[0]


@pytest.fixture
def console(root):
    client = Client()
    client.force_login(root)
    return client


def change_url(row) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def put(sender, to, kind: str, **body) -> Message:
    """Store a message."""
    sent = sending.insert(target_of(sender, to), Draft(type=kind, body=body), by=Actor.of(sender))
    return Message.objects.get(pk=sent.message_id)


def upload(by, kind: str = "image", data: bytes = b"", name: str = "a.png") -> Media:
    return media.add_media(kind, ContentFile(data or picture(), name), by=Actor.of(by))


def rows(response) -> list:
    """The rows of a list page."""
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def text_of(response) -> str:
    assert response.status_code == 200
    return response.content.decode()


# Messages


def test_messages_are_found_by_id_conversation_and_sender(console, alice, bob, carol, club):
    first, second = put(alice, bob, "text", text="one"), put(bob, alice, "text", text="two")
    third = put(alice, club, "text", text="three")
    fourth = put(carol, alice, "text", text="four")
    assert rows(console.get(MESSAGES)) == [fourth, third, second, first]
    assert rows(console.get(MESSAGES, {"q": "bobby"})) == [second]
    assert rows(console.get(MESSAGES, {"q": f" {first.conversation_id} "})) == [
        one for one in (fourth, third, second, first)
        if one.conversation_id == first.conversation_id or one.pk == first.conversation_id
    ]  # fmt: skip
    assert fourth in rows(console.get(MESSAGES, {"q": str(fourth.pk)}))
    for nothing in ("nobody", "99999999", "9" * 40, "²", "-1", "' OR 1=1"):
        assert rows(console.get(MESSAGES, {"q": nothing})) == []
    assert rows(console.get(MESSAGES, {"conversation": club.pk})) == [third]
    assert rows(console.get(MESSAGES, {"type": "image"})) == []


def test_messages_of_some_days(console, alice, bob):
    days = [datetime(2026, 3, day, 23, 59, tzinfo=UTC) for day in (1, 2, 3)]
    said = [put(alice, bob, "text", text=str(day)) for day in days]
    for message, day in zip(said, days, strict=True):
        Message.objects.filter(pk=message.pk).update(created_ms=clock.to_ms(day))

    def between(**days: str) -> list:
        return rows(console.get(MESSAGES, days))

    assert between(sent_from="2026-03-02") == [said[2], said[1]]
    assert between(sent_to="2026-03-02") == [said[1], said[0]]
    assert between(sent_from="2026-03-02", sent_to="2026-03-02", state="kept") == [said[1]]
    assert between(sent_from="2027-01-01") == []
    for odd in ("", "x", "0001-01-01", "9999-12-31", "2026-02-30"):
        assert len(between(sent_from=odd, sent_to=odd)) == 3
    page = text_of(console.get(MESSAGES, {"sent_from": "2026-03-02"}))
    assert '<input type="date" name="sent_from" value="2026-03-02"' in page


def test_what_people_wrote_is_never_markup(console, alice, bob):
    said = [
        put(alice, bob, "text", text=EVIL),
        put(alice, bob, "file", fname=EVIL, media_id="x", media_crc32=1, fsize=1),
        put(alice, bob, "location", label=EVIL, latitude=1.5, longitude=2, scale=1),
        put(alice, bob, "custom", html=EVIL),
        put(alice, bob, "image", media_id=EVIL, width=EVIL, height=1, media_crc32=1),
        put(alice, bob, "voice", media_id="x", duration=3),
    ]
    pages = [text_of(console.get(MESSAGES)), *(text_of(console.get(change_url(message))) for message in said)]
    for page in pages:
        assert EVIL not in page
    assert "&lt;script&gt;" in pages[0]
    assert "&lt;script&gt;" in pages[1]


def test_a_message_that_cannot_be_read_is_shown_as_it_is(console, alice, bob):
    message = put(alice, bob, "text", text="x")
    for odd in ("", "{", "[]", '{"msg_body": 5}', '{"msg_body": {"text": {"a": 1}}}'):
        Message.objects.filter(pk=message.pk).update(content=odd)
        text_of(console.get(MESSAGES))
        text_of(console.get(change_url(message)))


def test_the_picture_of_a_message_is_shown(console, alice, bob):
    message = put(alice, bob, "image", **media.body_of(upload(alice)))
    page = text_of(console.get(change_url(message)))
    assert '<img src="/media/' in page
    assert "40 × 20 png" in page


def test_lists_of_messages_read_no_whole_table(console, alice, bob):
    put(alice, bob, "text", text="x")
    with CaptureQueriesContext(connection) as captured:
        page = text_of(console.get(MESSAGES, {"type": "text", "sent_from": "2026-01-01"}))
    assert not [query["sql"] for query in captured if "DISTINCT" in query["sql"]]
    assert all(
        "LIMIT" in query["sql"]
        for query in captured
        if "COUNT(" in query["sql"] and "messaging_message" in query["sql"]
    )
    assert "location" in page
    assert rows(console.get(MESSAGES, {"type": "image"})) == []


def test_a_long_text_is_cut_in_the_list_and_whole_on_its_page(console, alice, bob):
    message = put(alice, bob, "text", text="word " * 100 + "end")
    assert "word end" not in text_of(console.get(MESSAGES))
    assert "word end" in text_of(console.get(change_url(message)))


def test_messages_and_conversations_and_uploads_are_only_shown(console, alice, bob):
    message, file = put(alice, bob, "text", text="x"), upload(alice)
    for row in (message, message.conversation, file):
        assert "_save" not in text_of(console.get(change_url(row)))
        assert console.post(change_url(row), {"state": "removed"}).status_code == 403
        assert console.post(change_url(row).replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_add"
        assert console.get(reverse(name)).status_code == 403
    assert Message.objects.get().state == "kept"
    assert Media.objects.count() == 1


@pytest.mark.parametrize("address", [MESSAGES, CONVERSATIONS, UPLOADS, WORDS])
def test_a_list_takes_the_same_queries_whatever_its_length(console, alice, bob, carol, dave, application, address):
    def fill(people):
        for sender in people:
            put(sender, alice, "text", text="x")
            upload(sender)
            words.add_words(application, [f"of {sender}"], by=Actor.of(sender))

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert len(rows(console.get(address)))
        return len(captured)

    fill([bob])
    few = queries()
    fill([carol, dave])
    assert queries() == few


def test_an_operator_sees_what_their_role_allows(application, alice, bob):
    operator = accounts.create_operator("olga1", superuser=False)[0]
    client = Client()
    client.force_login(operator)
    put(alice, bob, "text", text="private")
    for address in (MESSAGES, CONVERSATIONS, UPLOADS, WORDS, ADD_WORDS):
        assert client.get(address).status_code == 403
    operator.user_permissions.add(Permission.objects.get(codename="view_sensitiveword"))
    assert client.get(WORDS).status_code == 200
    assert client.get(ADD_WORDS).status_code == 403
    assert client.get(MESSAGES).status_code == 403


# Conversations


def test_conversations_are_found_by_id_and_name(console, alice, bob, carol, club):
    pair, other = (put(one, alice, "text", text="x").conversation for one in (bob, carol))
    group = Conversation.objects.get(pk=club.pk)
    assert set(rows(console.get(CONVERSATIONS))) == {group, pair, other}
    assert set(rows(console.get(CONVERSATIONS, {"q": "bobby"}))) == {pair, group}
    assert rows(console.get(CONVERSATIONS, {"q": str(other.pk)})) == [other]
    assert rows(console.get(CONVERSATIONS, {"q": "nobody"})) == []
    assert set(rows(console.get(CONVERSATIONS, {"kind": "group"}))) == {group}
    page = text_of(console.get(CONVERSATIONS))
    assert "alice" in page
    assert "bobby" in page


def test_a_conversation_names_who_takes_part_and_leads_to_its_messages(console, alice, bob, club):
    put(alice, club, "text", text="hello club")
    page = text_of(console.get(change_url(Conversation.objects.get(pk=club.pk))))
    assert "alice, bobby" in page
    address = f"{MESSAGES}?conversation={club.pk}"
    assert address in page
    assert "hello club" in text_of(console.get(address))


# Uploads


def test_uploads_show_pictures_and_lead_to_files(console, alice):
    image, file = upload(alice), upload(alice, "file", b"<html>", EVIL + ".html")
    page = text_of(console.get(UPLOADS))
    assert EVIL not in page
    address = page.partition('<img src="')[2].partition('"')[0]
    assert address.endswith("?size=x80")
    assert b"".join(console.get(address).streaming_content) == image.file.read()  # which is smaller
    large = upload(alice, data=picture(size=(400, 300)))
    address = text_of(console.get(UPLOADS)).partition('<img src="')[2].partition('"')[0]
    assert size_of(console.get(address).content) == (100, 75)
    large.delete()
    assert page.count('<img src="/media/') == 1
    assert "<img" not in text_of(console.get(change_url(file))).partition('class="field-view')[2]
    for term in (image.media_id, image.sha256):
        assert rows(console.get(UPLOADS, {"q": term})) == [image]
    assert rows(console.get(UPLOADS, {"q": "alice"})) == [file, image]


# Sensitive words


def new(tenant, **changes) -> dict:
    return {"application": tenant.pk, "words": "bad", "action": "block", "category": "", **changes}


def errors(response) -> dict:
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def test_words_are_added_one_a_line(console, root, application):
    page = text_of(console.get(ADD_WORDS))
    assert 'value="mask"' in page
    assert 'value="hold"' not in page
    response = console.post(
        ADD_WORDS, new(application, words=" bad \r\n\r\nBAD\r\nbad\r\n法轮", action="mask", category="c")
    )
    assert response.status_code == 302
    found = SensitiveWord.objects.order_by("pk")
    assert [(one.word, one.action, one.category, one.added_by) for one in found] == [
        ("bad", "mask", "c", root), ("BAD", "mask", "c", root), ("法轮", "mask", "c", root),
    ]  # fmt: skip
    assert "3 words were added" in text_of(console.get(response.url))
    assert LogEntry.objects.get().object_id == str(found[0].pk)
    again = console.post(ADD_WORDS, new(application, words="bad\nnew", _addanother="1"))
    assert again.url == ADD_WORDS
    assert SensitiveWord.objects.get(word="bad").action == "mask"
    assert SensitiveWord.objects.count() == 4


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"words": ""}, "words"),
        ({"words": " \n "}, "words"),
        ({"words": "fine\n" + "x" * 65}, "words"),
        ({"words": "fine\n\u200b"}, "words"),
        ({"words": "\n".join(map(str, range(10_001)))}, "words"),
        ({"action": "hold"}, "action"),
        ({"action": ""}, "action"),
        ({"category": "x" * 33}, "category"),
        ({"application": ""}, "application"),
    ],
)
def test_words_that_cannot_be_added(console, application, changes, field):
    assert set(errors(console.post(ADD_WORDS, new(application, **changes)))) == {field}
    assert not SensitiveWord.objects.exists()


def test_a_word_is_changed_through_its_service(console, application, other_application):
    by = Actor.system(application)
    words.add_words(application, ["bad", "other"], by=by)
    words.add_words(other_application, ["worse"], by=by)
    before = words._read_version(application)
    bad = SensitiveWord.objects.get(word="bad")
    form = {"word": "worse", "action": "flag", "category": "c", "application": other_application.pk, "hits": "99"}
    assert console.post(change_url(bad), form).status_code == 302
    bad.refresh_from_db()
    assert (bad.word, bad.action, bad.category, bad.hits, bad.application) == ("worse", "flag", "c", 0, application)
    assert words._read_version(application) > before
    for changes, field in (
        ({"word": "other"}, "word"),
        ({"word": ""}, "word"),
        ({"word": "x" * 65}, "word"),
        ({"action": "hold"}, "action"),
    ):
        assert set(errors(console.post(change_url(bad), form | changes))) == {field}


def test_words_are_removed_through_their_service(console, application, other_application):
    words.add_words(application, ["one", "two", "three"], by=Actor.system(application))
    words.add_words(other_application, ["one"], by=Actor.system(other_application))
    versions = [words._read_version(one) for one in (application, other_application)]
    one = SensitiveWord.objects.get(word="one", application=application)
    assert console.post(change_url(one).replace("/change/", "/delete/"), {"post": "yes"}).status_code == 302
    chosen = list(SensitiveWord.objects.exclude(word="two").values_list("pk", flat=True))
    response = console.post(WORDS, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    assert response.status_code == 302
    assert list(SensitiveWord.objects.values_list("word", flat=True)) == ["two"]
    assert all(words._read_version(a) > v for a, v in zip((application, other_application), versions, strict=True))


def test_words_are_searched_and_filtered(console, application):
    words.add_words(application, ["bad", "badly"], category="tone", by=Actor.system(application))
    words.add_words(application, ["weapon"], action="flag", by=Actor.system(application))
    assert [one.word for one in rows(console.get(WORDS, {"q": "BAD"}))] == ["badly", "bad"]
    assert [one.word for one in rows(console.get(WORDS, {"q": "tone"}))] == ["badly", "bad"]
    assert [one.word for one in rows(console.get(WORDS, {"action__exact": "flag"}))] == ["weapon"]
    assert [one.word for one in rows(console.get(WORDS, {"category": "tone"}))] == ["badly", "bad"]
