"""Secrets at rest."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from imsite.core import crypto


def test_encrypted_and_back():
    token = crypto.encrypt("secret é")
    assert "secret" not in token
    assert crypto.decrypt(token) == "secret é"
    assert crypto.encrypt("secret é") != token


def test_another_secret_key_is_named_as_the_cause(settings):
    token = crypto.encrypt("secret")
    settings.SECRET_KEY = "another one"
    with pytest.raises(ImproperlyConfigured, match="IM_SECRET_KEY"):
        crypto.decrypt(token)


def test_an_empty_secret_stays_empty():
    field = crypto.EncryptedField()
    assert field.get_prep_value("") == ""
    assert field.get_prep_value(None) is None
    assert field.from_db_value("", None, None) == ""
