"""What a lower slice announces to higher ones."""

import pytest

from imsite.core.hooks import Hook


def test_all_are_called_in_their_order_each_once():
    hook, called = Hook(), []

    def first(user, *, by):
        called.append(("first", user, by))
        return 1

    def second(user, *, by):
        called.append(("second", user, by))
        return 2

    hook.add(first)
    hook.add(second)
    hook.add(first)  # apps may be made ready twice
    assert hook("alice", by="bob") == [1, 2]
    assert called == [("first", "alice", "bob"), ("second", "alice", "bob")]


def test_what_one_raises_goes_through():
    """Inside the announcer's transaction nothing is half told."""
    hook = Hook()
    hook.add(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hook()
