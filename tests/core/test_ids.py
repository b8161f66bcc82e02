"""Identifiers."""

import re
from concurrent.futures import ThreadPoolExecutor

from imsite.core import ids


def test_keys_are_24_letters_and_digits():
    keys = {ids.new_key() for _ in range(200)}
    assert len(keys) == 200
    assert all(re.fullmatch(r"[A-Za-z0-9]{24}", key) for key in keys)


def test_sids_differ_and_fit_their_column():
    sids = {ids.new_sid() for _ in range(200)}
    assert len(sids) == 200
    assert all(len(sid) <= 32 for sid in sids)


def test_media_ids_have_the_vendors_shape():
    assert re.fullmatch(r"qiniu/image/j/[0-9A-F]{32}", ids.new_media_id("image"))


def test_live_event_ids_rise_and_are_exact_in_javascript():
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ids.live_event_id(), range(2000)))
    assert len(set(made)) == 2000
    assert max(made) < 2**53
    assert ids.live_event_id() > max(made)
