"""The small cache of this process."""

from imsite.core.cache import ShortCache


def counter():
    loads = []

    def load():
        loads.append(1)
        return len(loads)

    return load


def test_a_value_is_loaded_once_until_it_is_forgotten():
    cache, load = ShortCache(60), counter()
    assert cache.get("a", load) == cache.get("a", load) == 1
    assert cache.get("b", load) == 2
    cache.forget("a")
    assert cache.get("a", load) == 3
    cache.clear()
    assert cache.get("b", load) == 4


def test_an_old_value_is_loaded_anew():
    cache, load = ShortCache(0), counter()
    assert cache.get("a", load) == 1
    assert cache.get("a", load) == 2


def test_the_oldest_go_first():
    cache = ShortCache(60, most=2)
    for key in "abc":
        cache.get(key, lambda key=key: key)
    assert cache.get("a", lambda: "anew") == "anew"
    assert cache.get("c", lambda: "anew") == "c"


def test_what_is_forgotten_during_its_load_is_not_kept():
    """The load may have read what stood before the change."""
    cache = ShortCache(60)

    def load():
        cache.forget("a")
        return "old"

    assert cache.get("a", load) == "old"
    assert cache.get("a", lambda: "new") == "new"


def test_an_error_is_not_kept():
    cache = ShortCache(60)
    try:
        cache.get("a", lambda: 1 / 0)
    except ZeroDivisionError:
        pass
    assert cache.get("a", lambda: "good") == "good"
