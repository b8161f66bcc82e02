"""The group commit: order without gaps, each send its own result, exact refusals, the same rows as the ORM would write."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import OperationalError, connection, transaction

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Block
from groups import services as groups
from imsite.core.errors import Busy, ImError
from messaging import writer as writers
from messaging.errors import Blocked, ClientIdReused, NoSuchTarget, NotMember, RequestKeyReused, Silenced
from messaging.models import FOREVER_MS, Conversation, Message, Participant
from messaging.repeats import first_result
from messaging.sends import NotStored, RequestKey, Sent
from messaging.services import sending
from messaging.writer import Writer, commit, writer
from tests.messaging.conftest import announce, begin, say, stored, target_of, text
from tests.together import kinds, together

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_S = 30


def prepared(sender, to, words="hi", *, client_id=None, request=None, **more):
    """A send on its way into the writer, for a batch of the test's own."""
    by = Actor.of(sender)
    return sending.prepare(target_of(sender, to), text(words, **more), by=by, client_id=client_id, request=request)


def conversation_of(result):
    return Conversation.objects.get(pk=result.conversation_id)


# Order


def test_messages_are_numbered_without_gaps_whoever_sends_at_once(club, alice, bob):
    each, threads = 20, 50
    start = threading.Barrier(threads)

    def run(number):
        sender = alice if number % 2 else bob
        start.wait()
        return [say_and_let_go(sender, f"{number}.{index}") for index in range(each)]

    def say_and_let_go(sender, words):
        waiting = begin(sender, club, words)
        connection.close()  # there are fewer of them than threads
        return waiting.result(PATIENCE_S)

    with ThreadPoolExecutor(threads) as pool:
        results = [result for sent in pool.map(run, range(threads)) for result in sent]

    assert sorted(result.seq for result in results) == list(range(1, threads * each + 1))
    rows = list(Message.objects.in_conversation(club.pk).order_by("seq"))
    assert [row.seq for row in rows] == [row.count_no for row in rows] == list(range(1, threads * each + 1))
    assert [row.pk for row in rows] == sorted(row.pk for row in rows)  # ids rise with seq
    assert {row.pk: row.seq for row in rows} == {result.message_id: result.seq for result in results}
    conversation = Conversation.objects.get(pk=club.pk)
    assert (conversation.last_seq, conversation.count_no) == (threads * each, threads * each)
    assert conversation.last_message_id == rows[-1].pk
    assert conversation.last_at_ms == rows[-1].created_ms


def test_messages_of_one_sender_keep_their_order_while_they_wait_together(alice, bob):
    waiting = [begin(alice, bob, str(number)) for number in range(300)]
    results = [future.result(PATIENCE_S) for future in waiting]
    assert [result.seq for result in results] == list(range(1, 301))


def test_waiting_messages_are_committed_together(alice, bob):
    say(alice, bob)
    before = writer.commits
    with held_back():
        waiting = [begin(alice, bob, str(number)) for number in range(100)]
    assert [future.result(PATIENCE_S).seq for future in waiting] == list(range(2, 102))
    assert writer.commits - before <= 3


class held_back:
    """The writer waits inside of a commit until the block ends, so that what is sent in it comes into one batch."""

    def __enter__(self):
        self.gate, self.reached = threading.Event(), threading.Event()  # may go on; waits
        self.real = writers.commit

        def wait(batch):
            writers.commit = self.real
            self.reached.set()
            assert self.gate.wait(PATIENCE_S)
            return self.real(batch)

        writers.commit = wait
        return self

    def __exit__(self, *problem):
        self.gate.set()
        writers.commit = self.real


# Idempotence


def test_a_client_id_answers_the_first_result_and_stores_nothing_again(alice, bob):
    first = say(alice, bob, "hi", client_id="own:1")
    again = say(alice, bob, "hi", client_id="own:1")
    assert again == replace(first, repeated=True, member_seq=0)
    assert not first.repeated
    assert Message.objects.count() == 1
    assert conversation_of(first).last_seq == 1


def test_a_client_id_answers_the_first_result_within_one_batch(alice, bob):
    sends = [
        prepared(alice, bob, client_id="own:1"),
        prepared(alice, bob, "other"),
        prepared(alice, bob, client_id="own:1"),
    ]
    first, other, again = commit(sends)
    assert (first.seq, other.seq) == (1, 2)
    assert again.repeated
    assert again.message_id == first.message_id
    assert Message.objects.count() == 2


def test_a_client_id_with_other_content_is_refused(alice, bob, carol, club):
    say(alice, bob, "hi", client_id="own:1")
    for to, words, more in (
        (bob, "other", {}),
        (carol, "hi", {}),
        (club, "hi", {}),
        (bob, "hi", {"need_receipt": True}),
        (bob, "hi", {"no_offline": True}),
        (bob, "hi", {"at_list": []}),
        (bob, "hi", {"custom_notification": {"title": "x"}}),
    ):
        with pytest.raises(ClientIdReused):
            say(alice, to, words, client_id="own:1", **more)
    first, second = commit([prepared(alice, bob, client_id="own:2"), prepared(alice, bob, "other", client_id="own:2")])
    assert first.seq == 2
    assert isinstance(second, ClientIdReused)
    assert Message.objects.count() == 2


def test_client_ids_belong_to_their_sender(alice, bob):
    say(alice, bob, "hi", client_id="own:1")
    assert say(bob, alice, "hi", client_id="own:1").seq == 2


def test_a_repetition_whose_first_was_refused_is_judged_by_itself(club, alice, bob, carol):
    """Both in one batch: carol may not speak in the club, but to bob."""
    refused, sent = commit([prepared(carol, club, client_id="own:1"), prepared(carol, bob, client_id="own:1")])
    assert isinstance(refused, NotMember)
    assert sent.seq == 1
    again, once_more = commit([prepared(carol, club, client_id="own:2"), prepared(carol, club, client_id="own:2")])
    assert isinstance(again, NotMember)
    assert isinstance(once_more, NotMember)
    assert Message.objects.count() == 1


def test_a_retry_after_a_restart_answers_the_first_result(alice, bob, pushes):
    first = say(alice, bob, "hi", client_id="own:1")
    writer.stop()
    sending._senders.clear()
    again = say(alice, bob, "hi", client_id="own:1")
    assert (again.message_id, again.seq, again.created_ms) == (first.message_id, first.seq, first.created_ms)
    assert len(pushes.messages) == 1  # told once


def test_one_client_id_from_many_threads_at_once_is_one_message(alice, bob):
    start = threading.Barrier(16)

    def run(_):
        try:
            start.wait()
            return say(alice, bob, "hi", client_id="own:1")
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(run, range(16)))
    assert len({result.message_id for result in results}) == 1
    assert sum(not result.repeated for result in results) == 1
    assert Message.objects.count() == 1


# Keys, which name a request in the whole application


def keyed(sender, to, asked="the same", key="order-7", **more):
    return prepared(sender, to, request=RequestKey(key, asked), **more)


def test_a_key_is_known_whoever_sends(alice, bob, carol):
    (first,) = commit([keyed(alice, bob)])
    (again,) = commit([keyed(carol, bob)])  # the fingerprint says who is to send
    assert again == replace(first, repeated=True, member_seq=0)
    (other,) = commit([keyed(carol, bob, "another")])
    assert isinstance(other, RequestKeyReused)
    assert Message.objects.get().request_key == "order-7"


def test_a_key_is_known_within_one_batch(alice, bob, carol):
    first, other, again, free = commit(
        [keyed(alice, bob), keyed(carol, bob, "another"), keyed(alice, bob), keyed(carol, bob, key="order-8")]
    )
    assert (first.seq, free.seq) == (1, 1)
    assert isinstance(other, RequestKeyReused)
    assert again.repeated
    assert again.message_id == first.message_id


def test_a_key_and_a_client_id_are_two_names(alice, bob):
    first, second = commit([keyed(alice, bob, key="1"), prepared(alice, bob, client_id="1")])
    assert (first.seq, second.seq) == (1, 2)


def test_keys_of_two_applications_are_two(alice, bob, eve):
    first, second = commit([keyed(alice, bob), keyed(eve, eve, "another")])
    assert (first.repeated, second.repeated) == (False, False)


def test_a_key_whose_send_was_refused_is_free(club, alice, carol, bob):
    refused, sent, late = commit([keyed(carol, club), keyed(alice, bob, "another"), keyed(carol, club)])
    assert isinstance(refused, NotMember)
    assert sent.seq == 1
    assert isinstance(late, RequestKeyReused)


def test_one_key_in_several_writers_is_one_message(alice, bob, carol, dave):
    pairs = [(alice, bob), (bob, carol), (carol, dave)]
    for sender, receiver in pairs:
        say(sender, receiver)
    sends = [keyed(sender, receiver, sender.username) for sender, receiver in pairs * 3]
    results = [sent for batch in together(*[lambda send=send: commit([send]) for send in sends]) for sent in batch]
    assert kinds(results) == ["RequestKeyReused"] * 6 + ["Sent"] * 3
    assert sum(isinstance(sent, Sent) and not sent.repeated for sent in results) == 1
    assert Message.objects.filter(request_key="order-7").count() == 1


def test_batches_that_share_keys_in_another_order_do_not_wait_in_a_circle(alice, bob, carol, dave):
    pairs = [(alice, bob), (bob, carol), (carol, dave), (dave, alice)]
    for sender, receiver in pairs:
        say(sender, receiver)

    def batch(order, shift):
        """The same keys, each in another conversation and in another order."""
        return [keyed(*pairs[(number + shift) % 4], key=f"order-{number}") for number in order]

    batches = [batch([0, 1, 2, 3], 0), batch([3, 2, 1, 0], 1), batch([2, 0, 3, 1], 2)]
    results = [sent for sents in together(*[lambda one=one: commit(one) for one in batches]) for sent in sents]
    assert kinds(results) == ["Sent"] * 12
    assert len({sent.message_id for sent in results}) == 4


def test_a_key_is_looked_up_before_anything_else(alice, bob, application):
    assert first_result(application.pk, RequestKey("order-7", "the same")) is None
    (sent,) = commit([keyed(alice, bob)])
    found = first_result(application.pk, RequestKey("order-7", "the same"))
    assert found == replace(sent, repeated=True, member_seq=0)
    with pytest.raises(RequestKeyReused):
        first_result(application.pk, RequestKey("order-7", "another"))


# One bad send fails alone


def test_a_send_that_breaks_the_batch_fails_alone(alice, bob, monkeypatch, caplog, pushes):
    real = writers._row

    def row(send, *rest):
        values = real(send, *rest)
        return (*values[:5], None, *values[6:]) if "bad" in send.content else values  # no sender

    monkeypatch.setattr(writers, "_row", row)
    say(alice, bob, "first")
    with held_back():
        waiting = [begin(alice, bob, words) for words in ("one", "bad", "two", "three")]
    assert [waiting[index].result(PATIENCE_S).seq for index in (0, 2, 3)] == [2, 3, 4]
    with pytest.raises(NotStored):
        waiting[1].result(PATIENCE_S)
    assert [row.seq for row in Message.objects.order_by("seq")] == [1, 2, 3, 4]
    assert conversation_of(waiting[0].result()).last_seq == 4
    assert [message["content"]["msg_body"]["text"] for message in pushes.messages] == ["first", "one", "two", "three"]
    assert "could not be stored: IntegrityError" in caplog.text
    assert "bad" not in caplog.text


def test_a_database_that_fails_is_busy_and_the_writer_goes_on(alice, bob, monkeypatch):
    real, calls = writers.commit, []

    def fail(batch):
        calls.append(batch)
        raise OperationalError("gone")

    monkeypatch.setattr(writers, "commit", fail)
    with pytest.raises(Busy):
        say(alice, bob)
    assert len(calls) == 2
    monkeypatch.setattr(writers, "commit", real)
    assert say(alice, bob).seq == 1


def test_a_connection_that_died_is_replaced(alice, bob, monkeypatch):
    real, calls = writers.commit, []

    def fail_once(batch):
        calls.append(batch)
        if len(calls) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        return real(batch)

    monkeypatch.setattr(writers, "commit", fail_once)
    assert say(alice, bob).seq == 1
    assert len(calls) == 2


def test_a_push_that_fails_takes_no_answer_along(alice, bob, monkeypatch, caplog):
    monkeypatch.setattr(sending, "push", lambda send, sent: 1 / 0)
    assert say(alice, bob).seq == 1
    assert "could not be pushed" in caplog.text


def test_a_send_that_nobody_waits_for_any_more_is_stored(alice, bob):
    with held_back():
        begin(alice, bob, "one").cancel()
        second = begin(alice, bob, "two")
    assert second.result(PATIENCE_S).seq == 2


def test_too_many_waiting_sends_are_refused(alice, bob, monkeypatch):
    monkeypatch.setattr(writers, "QUEUE_MOST", 3)
    with held_back() as held:
        begin(alice, bob, "in the commit")
        assert held.reached.wait(PATIENCE_S)
        waiting = [begin(alice, bob, str(number)) for number in range(3)]
        with pytest.raises(Busy):
            begin(alice, bob, "too much")
    assert [future.result(PATIENCE_S).seq for future in waiting] == [2, 3, 4]


def test_the_writer_stops_when_what_waits_is_committed(alice, bob):
    own = Writer()
    sends = [prepared(alice, bob, str(number)) for number in range(5)]
    for send in sends:
        own.submit(send)
    own.stop()
    assert all(send.future.done() for send in sends)
    own.stop()
    assert own.submit(prepared(alice, bob, "later")).result(PATIENCE_S).seq == 6
    own.stop()


def test_sending_within_a_transaction_is_refused(alice, bob):
    with transaction.atomic(), pytest.raises(RuntimeError, match=r"sending\.insert"):
        begin(alice, bob)
    assert not Message.objects.exists()


def test_insert_is_part_of_the_callers_transaction(alice, bob, pushes):
    target = target_of(alice, bob)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        sending.insert(target, text("lost"), by=Actor.of(alice))
        raise ZeroDivisionError
    assert not Message.objects.exists()
    with transaction.atomic():
        sent = sending.insert(target, text("kept"), by=Actor.of(alice))
        assert pushes.messages == []
    assert [message["msg_id"] for message in pushes.messages] == [sent.message_id]
    with pytest.raises(NotMember), transaction.atomic():
        sending.insert(target_of(bob, stranger_club(alice)), text("no"), by=Actor.of(bob))


def stranger_club(owner):
    return groups.create_group("Other", owner=owner, by=Actor.server(owner.application))


# Refusals, in the transaction that stores


def refusals(batch):
    return [type(result) if isinstance(result, ImError) else result.seq for result in commit(batch)]


def test_a_member_who_was_removed_is_refused(club, alice, bob, server):
    batch = [prepared(alice, club), prepared(bob, club), prepared(bob, alice)]
    groups.change_members(club, remove=[bob], by=server)
    assert refusals(batch) == [1, NotMember, 1]
    assert Message.objects.filter(sender=bob).count() == 1
    assert Conversation.objects.get(pk=club.pk).last_seq == 1


def test_a_stranger_is_refused(club, dave, alice):
    assert refusals([prepared(dave, club), prepared(alice, club)]) == [NotMember, 1]


def test_who_is_silenced_is_refused_for_as_long(club, alice, bob):
    place = Participant.objects.filter(conversation_id=club.pk, user=bob)
    place.update(silenced_until_ms=FOREVER_MS)
    assert refusals([prepared(bob, club), prepared(alice, club)]) == [Silenced, 1]
    place.update(silenced_until_ms=1)
    assert refusals([prepared(bob, club)]) == [2]


def test_while_all_are_muted_only_moderators_speak(club, alice, bob):
    Conversation.objects.filter(pk=club.pk).update(mute_all=True)
    assert refusals([prepared(bob, club), prepared(alice, club)]) == [Silenced, 1]


def test_who_is_blocked_is_refused_and_the_other_direction_works(alice, bob):
    batch = [prepared(alice, bob), prepared(bob, alice)]
    Block.objects.create(owner=bob, target=alice)
    assert refusals(batch) == [Blocked, 1]


def test_who_was_deleted_gets_no_message(alice, bob, server):
    batch = [prepared(alice, bob)]
    accounts.delete_user(bob, by=server)
    assert refusals(batch) == [NoSuchTarget]
    assert not Message.objects.exists()


def test_the_applications_own_stands_above_silence_and_block_but_not_above_deletion(
    club, application, alice, bob, server
):
    (admin,) = accounts.register(application, [{"username": "admin", "password": "0" * 32}], by=server)
    Block.objects.create(owner=bob, target=admin)
    Conversation.objects.filter(pk=club.pk).update(mute_all=True)
    assert announce(admin, club).seq == 1
    assert announce(admin, bob).seq == 1
    target = target_of(admin, bob, by=server)
    send = sending.prepare(target, text("late"), by=server, sender=admin)
    accounts.delete_user(bob, by=server)
    assert refusals([send]) == [NoSuchTarget]


def test_a_conversation_that_is_gone_is_a_refusal(alice, bob, server, application):
    batch = [prepared(alice, bob), prepared(alice, alice, "to myself")]
    Participant.objects.filter(conversation_id=batch[0].target.conversation_id).delete()
    Conversation.objects.filter(pk=batch[0].target.conversation_id).delete()
    assert refusals(batch) == [NoSuchTarget, 1]


def test_refused_sends_leave_nothing_behind(club, dave, bob, alice, pushes):
    Block.objects.create(owner=alice, target=dave)
    before = rows()
    for to in (club, alice):
        with pytest.raises(ImError):
            say(dave, to)
    assert rows() == before
    assert pushes.delivered == []


def rows():
    """All rows that sends might write."""
    return [list(model.objects.order_by("pk").values()) for model in (Conversation, Participant, Message)]


# What is stored


def test_what_is_not_kept_for_those_away_has_no_place(alice, bob, pushes):
    say(alice, bob, "one")
    passing = say(alice, bob, "passing", no_offline=True)
    after = say(alice, bob, "two")
    assert (passing.seq, after.seq) == (0, 2)
    row = stored(passing)
    assert (row.seq, row.count_no, row.no_offline) == (None, None, True)
    conversation = conversation_of(after)
    assert (conversation.last_seq, conversation.count_no, conversation.last_message_id) == (2, 2, after.message_id)
    assert [message["seq"] for message in pushes.messages] == [1, 0, 2]


def test_a_send_by_socket_is_read_by_its_sender(alice, bob):
    for number in range(3):
        say(bob, alice, str(number))
    say(alice, bob)
    mine = Participant.objects.get(user=alice)
    assert (mine.read_seq, mine.read_no, mine.own_after_read) == (4, 4, 0)
    assert Participant.objects.get(user=bob).read_seq == 3


def test_a_send_over_rest_is_the_senders_own_but_reads_nothing(application, alice, bob, server):
    (admin,) = accounts.register(application, [{"username": "admin", "password": "0" * 32}], by=server)
    say(bob, admin, "one")
    announce(admin, bob, "two")
    announce(admin, bob, "three")
    mine = Participant.objects.get(user=admin)
    assert (mine.read_seq, mine.read_no, mine.own_after_read) == (0, 0, 2)
    say(admin, bob, "four")
    mine.refresh_from_db()
    assert (mine.read_seq, mine.read_no, mine.own_after_read) == (4, 4, 0)


def test_cursors_in_one_batch_follow_the_order_of_sends(application, alice, bob, server):
    def over_rest(words):
        by = server
        return sending.prepare(target_of(alice, bob, by=by), text(words), by=by, sender=alice)

    commit([over_rest("one"), prepared(alice, bob, "two"), over_rest("three"), over_rest("four")])
    mine = Participant.objects.get(user=alice)
    assert (mine.read_seq, mine.read_no, mine.own_after_read) == (2, 2, 2)


def test_receipts_count_those_who_are_to_read(club, carol, server, alice, bob):
    groups.change_members(club, add=[carol], by=server)
    assert say(alice, club, need_receipt=True).receipt_base == 2
    groups.change_members(club, remove=[bob], by=server)
    assert say(alice, club, need_receipt=True).receipt_base == 1
    assert say(alice, bob, need_receipt=True).receipt_base == 1
    assert say(alice, alice, need_receipt=True).receipt_base == 0
    assert say(alice, club).receipt_base == 0


def test_the_rows_are_those_that_the_orm_would_write(club, alice, bob):
    """Every column, of a plain message, of one with everything set, and of one that is not kept."""
    sends = [
        prepared(alice, club, "plain"),
        prepared(
            bob,
            club,
            '你好 \u0001 "quoted" \'',
            need_receipt=True,
            no_notification=True,
            custom_notification={"title": "標題"},
        ),
        prepared(alice, bob, "passing", no_offline=True, client_id="own:é"),
        keyed(alice, bob, key="é"),
    ]
    results = commit(sends)
    for send, result in zip(sends, results, strict=True):
        row = stored(result)
        expected = Message(
            pk=result.message_id,
            application=send.sender.application,
            conversation_id=send.target.conversation_id,
            seq=result.seq or None,
            count_no=result.seq or None,
            sender=send.sender,
            client_id=send.client_id,
            fingerprint=send.fingerprint,
            request_key=send.request_key,
            from_type="user",
            type="text",
            content=send.content,
            no_offline=send.no_offline,
            no_notification=send.no_notification,
            custom_notification=send.custom_notification,
            created_ms=result.created_ms,
            need_receipt=send.need_receipt,
            receipt_base=result.receipt_base,
        )
        # Stored by the ORM under another id, so that defaults of the model count too.
        Message.objects.filter(pk=row.pk).delete()
        expected.save(force_insert=True)
        twin = Message.objects.filter(pk=row.pk).values().get()
        assert {field.attname: getattr(row, field.attname) for field in Message._meta.concrete_fields} == twin
    later = ("reply_to", "receipt_key")  # null in every row that is new
    assert set(writers.COLUMNS) == {field.column for field in Message._meta.concrete_fields if field.name not in later}


def test_conversation_and_participants_move_as_the_orm_would_move_them(club, alice, bob):
    before = {row["id"]: row for row in Participant.objects.values()}
    thread = Conversation.objects.values().get(pk=club.pk)
    *_, last = [say(alice, club, str(number)) for number in range(3)]
    moved = thread | {
        "last_seq": 3, "count_no": 3, "last_message_id": last.message_id, "last_at_ms": last.created_ms,
    }  # fmt: skip
    assert Conversation.objects.values().get(pk=club.pk) == moved
    for pk, row in before.items():
        mine = {"read_seq": 3, "read_no": 3} if row["user_id"] == alice.pk else {}
        delivered = {
            "delivered_seq": Participant.objects.get(pk=pk).delivered_seq
        }  # moves by the clock, see test_delivered
        assert Participant.objects.values().get(pk=pk) == row | mine | delivered


# Several writers, as several processes have them


def test_a_removal_under_way_comes_before_a_send_that_waits_for_it(club, alice, bob, server):
    say(alice, club)
    changed, done = threading.Event(), threading.Event()

    def remove():
        try:
            with transaction.atomic():
                groups.change_members(club, remove=[bob], by=server)
                changed.set()
                assert done.wait(PATIENCE_S)
        finally:
            connection.close()

    remover = threading.Thread(target=remove)
    remover.start()
    assert changed.wait(PATIENCE_S)
    waiting = begin(bob, club)
    done.set()
    with pytest.raises(NotMember):
        waiting.result(PATIENCE_S)
    remover.join()
    assert Conversation.objects.get(pk=club.pk).last_seq == 1


def test_writers_share_the_numbers_of_a_conversation(club, alice, bob):
    batches = [[prepared(sender, club, str(number)) for number in range(20)] for sender in (alice, bob) * 4]
    results = together(*[lambda batch=batch: commit(batch) for batch in batches])
    assert sorted(sent.seq for batch in results for sent in batch) == list(range(1, 161))
    rows = Message.objects.in_conversation(club.pk).order_by("seq").values_list("pk", flat=True)
    assert list(rows) == sorted(rows)


def test_writers_of_many_conversations_do_not_wait_for_each_other_in_a_circle(
    application, alice, bob, carol, server, club
):
    other = groups.create_group("Other", owner=alice, members=[bob, carol], by=server)
    say(alice, bob)

    def run(order):
        return [commit([prepared(alice, to) for to in order]) for _ in range(15)]

    orders = [(club, other, bob), (bob, other, club), (other, bob, club), (club, bob, other)]
    results = together(*[lambda order=order: run(order) for order in orders])
    assert sum(isinstance(sent, ImError) for run in results for batch in run for sent in batch) == 0
    assert Conversation.objects.get(pk=other.pk).last_seq == 60


def test_one_client_id_in_several_writers_is_one_message(alice, bob):
    say(alice, bob)
    sends = [prepared(alice, bob, client_id="own:1") for _ in range(8)]
    results = [sent for batch in together(*[lambda send=send: commit([send]) for send in sends]) for sent in batch]
    assert sum(not sent.repeated for sent in results) == 1
    assert {sent.seq for sent in results} == {2}


def test_one_client_id_for_several_conversations_in_several_writers_is_one_message(alice, bob, carol, dave):
    targets = [bob, carol, dave]
    for target in targets:
        say(alice, target)
    sends = [prepared(alice, target, client_id="own:1") for target in targets * 2]
    results = [sent for batch in together(*[lambda send=send: commit([send]) for send in sends]) for sent in batch]
    assert kinds(results) == ["ClientIdReused"] * 4 + ["Sent"] * 2
    assert Message.objects.filter(client_id="own:1").count() == 1
