import pytest

from imsite.realtime import session as sessions
from imsite.realtime.session import Session, on_end, tell_end
from tests.realtime.conftest import person, session_of


class Link:
    def __init__(self):
        self.heard = []

    def enter(self, user_id):
        self.heard.append(("enter", user_id))

    def subscribe(self, topics):
        self.heard.append(("subscribe", topics))

    def leave(self):
        self.heard.append(("leave",))


def test_a_new_session_is_nobody():
    session = Session("sid", address="10.0.0.1", user_agent="Test", origin="https://example.com")
    assert (session.logged_in, session.user_id, session.username, session.appkey) == (False, 0, "", "")
    assert (session.device_class, session.platform, session.memory) == ("web", "j", {})
    assert (session.address, session.user_agent, session.origin) == ("10.0.0.1", "Test", "https://example.com")


def test_a_login_enters_the_hub_before_its_topics_are_read():
    session = Session("sid")
    session.link = link = Link()

    def topics():
        assert link.heard == [("enter", 5)]
        return {"conversation:1": 3}

    session.log_in(person(5, "alice"), topics)
    assert link.heard == [("enter", 5), ("subscribe", {"conversation:1": 3})]
    assert (session.logged_in, session.user_id, session.username) == (True, 5, "alice")


def test_a_login_whose_topics_cannot_be_read_is_none():
    session = Session("sid")
    session.link = link = Link()

    def topics():
        raise OSError("database gone")

    with pytest.raises(OSError, match="gone"):
        session.log_in(person(5), topics)
    assert not session.logged_in
    assert link.heard[-1] == ("leave",)


def test_a_session_ends_once():
    session = session_of(5)
    session.link = link = Link()
    assert session.log_out().user.pk == 5
    assert session.log_out() is None
    assert link.heard == [("leave",)]
    assert not session.logged_in


def test_the_apps_are_told_of_the_end_and_do_not_harm_each_other(monkeypatch, caplog):
    monkeypatch.setattr(sessions, "_end_hooks", [])
    told = []

    @on_end
    def broken(session, actor):
        raise RuntimeError("bug")

    @on_end
    def note(session, actor):
        told.append((session.sid, actor.user.pk))

    session = session_of(5, sid="one")
    tell_end(session, session.log_out())
    assert told == [("one", 5)]
    assert "bug" in caplog.text
