import asyncio
import threading

from imsite.core import mailbox
from imsite.core.mailbox import Mailbox


async def drained(box):
    for _ in range(50):  # turns of the loop
        await asyncio.sleep(0)
    assert not box._calls


async def test_calls_of_one_thread_arrive_in_order():
    box, seen = Mailbox(asyncio.get_running_loop()), []
    thread = threading.Thread(target=lambda: [box.post(seen.append, number) for number in range(1000)])
    thread.start()
    await asyncio.to_thread(thread.join)
    await drained(box)
    assert seen == list(range(1000))


async def test_many_calls_take_one_wake_up(monkeypatch):
    loop = asyncio.get_running_loop()
    wakes = []
    monkeypatch.setattr(loop, "call_soon_threadsafe", lambda function: wakes.append(loop.call_soon(function)))
    box, seen = Mailbox(loop), []
    for number in range(100):
        box.post(seen.append, number)
    await drained(box)
    assert len(wakes) == 1
    assert len(seen) == 100


async def test_the_loop_does_other_work_between_many_calls(monkeypatch):
    monkeypatch.setattr(mailbox, "CALLS_A_TICK", 10)
    box, seen = Mailbox(asyncio.get_running_loop()), []
    for number in range(25):
        box.post(seen.append, number)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert 0 < len(seen) < 25
    await drained(box)
    assert seen == list(range(25))


async def test_a_call_that_fails_takes_none_along(caplog):
    box, seen = Mailbox(asyncio.get_running_loop()), []
    box.post(seen.append, 1)
    box.post(seen.append)
    box.post(seen.append, 2)
    await drained(box)
    assert seen == [1, 2]
    assert "TypeError" in caplog.text


def test_a_closed_loop_hears_nothing_more():
    loop = asyncio.new_event_loop()
    box = Mailbox(loop)
    loop.close()
    box.post(print, "never")
    box.post(print, "never")
    assert not box._calls or box._awake
