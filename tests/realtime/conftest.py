from types import SimpleNamespace

import pytest

from imsite.realtime import dispatch
from imsite.realtime.session import Session


@pytest.fixture
def tables(monkeypatch):
    """Empty tables of handlers and renderings, nothing counted, and no memory of answers."""
    monkeypatch.setattr(dispatch, "_count", None)
    monkeypatch.setattr(dispatch, "_routes", {})
    monkeypatch.setattr(dispatch, "_renders", {})
    monkeypatch.setattr(dispatch, "_running", {})


def person(user_id: int, username: str = ""):
    """An actor as sessions see one."""
    return SimpleNamespace(user=SimpleNamespace(pk=user_id, username=username or f"user{user_id}"))


def session_of(user_id: int = 0, appkey: str = "a" * 24, sid: str = "") -> Session:
    """A session behind c_init, logged in where a user is given."""
    session = Session(sid or f"sid-{user_id}")
    session.application = SimpleNamespace(appkey=appkey)
    if user_id:
        session.log_in(person(user_id), {})
    return session


@pytest.fixture
def alice():
    return session_of(1, sid="alice")


@pytest.fixture
def stranger():
    """Connected, initialised, not logged in."""
    return session_of(0, sid="stranger")
