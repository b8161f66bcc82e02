"""Hashes over md5."""

import hashlib

import pytest
from django.test import override_settings

from accounts import passwords
from accounts.models import User


def test_md5_is_of_the_utf8_bytes_in_lower_case():
    assert passwords.md5_hex("пароль") == hashlib.md5("пароль".encode()).hexdigest()
    assert passwords.md5_hex("123456") == "e10adc3949ba59abbe56e057f20f883e"


def test_equal_passwords_have_different_hashes():
    first, second = passwords.hash_many(["a" * 32, "a" * 32])
    assert first != second
    assert all(passwords.verify(User(password=one), "A" * 32) for one in (first, second))


def test_hash_many_keeps_the_order():
    md5s = [passwords.md5_hex(str(number)) for number in range(20)]
    hashes = passwords.hash_many(md5s)
    assert all(passwords.verify(User(password=hashed), md5) for hashed, md5 in zip(hashes, md5s, strict=True))
    assert passwords.hash_many([]) == []


@pytest.mark.parametrize("stored", ["", "nonsense", "$argon2id$v=19$m=8,t=1,p=1$AAAA"])
def test_what_is_no_hash_fits_nothing(stored):
    assert not passwords.verify(User(password=stored), "a" * 32)


def test_the_cost_is_a_setting():
    with override_settings(ARGON2_TIME=2, ARGON2_MEMORY_KIB=16):
        stored = passwords.hash_md5("a" * 32)
        assert "m=16,t=2,p=1" in stored
        assert not passwords.is_outdated(stored)
    assert passwords.is_outdated(stored)
    assert passwords.verify(User(password=stored), "a" * 32)
