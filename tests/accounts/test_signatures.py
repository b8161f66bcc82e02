"""The signature of c_init."""

import hashlib

import pytest

from accounts import services, signatures
from accounts.errors import BadSignature, Invalid, StaleSignature, WrongType
from accounts.models import Application
from imsite.core import clock

NOW_MS = 1_795_232_437_498
SECRET = "secretsecretsecretsecret"


@pytest.fixture(autouse=True)
def at_noon(monkeypatch):
    monkeypatch.setattr(clock, "now_ms", lambda: NOW_MS)


@pytest.fixture
def tenant():
    return Application(appkey="A" * 24, master_secret=SECRET)


def signed(application, timestamp=NOW_MS, random_str="022cd9fd995849b58b3ef0e943421ed9", secret=None, **more):
    text = (
        f"appkey={application.appkey}&timestamp={timestamp}&random_str={random_str}"
        f"&key={secret or application.master_secret}"
    )
    signature = hashlib.md5(text.encode()).hexdigest()
    return {"timestamp": timestamp, "random_str": random_str, "signature": signature, **more}


def test_sign_makes_what_the_vendor_documents(tenant):
    assert signatures.sign(tenant, NOW_MS, "abc") == signed(tenant, random_str="abc")["signature"]


@pytest.mark.parametrize("timestamp", [NOW_MS, str(NOW_MS)])
@pytest.mark.parametrize("random_str", ["022cd9fd995849b58b3ef0e943421ed9", "abc", "", "ж"])
def test_a_good_signature(tenant, timestamp, random_str):
    signatures.require_signature(tenant, signed(tenant, timestamp, random_str))


def test_letter_case_does_not_matter(tenant):
    data = signed(tenant)
    signatures.require_signature(tenant, {**data, "signature": data["signature"].upper()})


@pytest.mark.parametrize("offset_s", [-600, -599, 0, 599, 600])
def test_ten_minutes_either_way_are_good(tenant, offset_s):
    signatures.require_signature(tenant, signed(tenant, NOW_MS + offset_s * 1000))


@pytest.mark.parametrize("offset_ms", [-600_001, 600_001, -NOW_MS, 10**15])
def test_more_than_ten_minutes_are_not(tenant, offset_ms):
    with pytest.raises(StaleSignature) as refusal:
        signatures.require_signature(tenant, signed(tenant, NOW_MS + offset_ms))
    assert refusal.value.sdk_code == 880106


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1e12", "１２３", "9" * 5000, " 1795232437498"])
def test_a_signed_timestamp_that_is_no_time(tenant, timestamp):
    with pytest.raises(StaleSignature):
        signatures.require_signature(tenant, signed(tenant, timestamp))


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "0" * 32},
        {"signature": ""},
        {"signature": "é" * 32},
        {"random_str": "other"},
        {"timestamp": NOW_MS + 1},
    ],
)
def test_a_wrong_signature(tenant, change):
    with pytest.raises(BadSignature) as refusal:
        signatures.require_signature(tenant, {**signed(tenant), **change})
    assert refusal.value.sdk_code == 880102


def test_another_applications_secret_signs_nothing_here(tenant):
    with pytest.raises(BadSignature):
        signatures.require_signature(tenant, signed(tenant, secret="x" * 24))


def test_without_a_previous_secret_an_empty_one_signs_nothing(tenant):
    text = f"appkey={tenant.appkey}&timestamp={NOW_MS}&random_str=abc&key="
    data = {"timestamp": NOW_MS, "random_str": "abc", "signature": hashlib.md5(text.encode()).hexdigest()}
    with pytest.raises(BadSignature):
        signatures.require_signature(tenant, data)


@pytest.mark.parametrize("name", ["signature", "timestamp", "random_str"])
def test_missing_members_and_wrong_types(tenant, name):
    data = signed(tenant)
    with pytest.raises(Invalid) as refusal:
        signatures.require_signature(tenant, {**data, name: None})
    assert refusal.value.sdk_code == 880002
    for value in (True, 1.5, [], {}):
        with pytest.raises(WrongType):
            signatures.require_signature(tenant, {**data, name: value})


def test_the_check_may_be_switched_off():
    tenant = Application(appkey="A" * 24, master_secret=SECRET, settings={"signature_check": False})
    signatures.require_signature(tenant, {})


def test_the_secret_before_a_rotation_still_signs(application):
    data = signed(application)
    services.rotate_secret(application, by=None)
    rotated = Application.objects.get(pk=application.pk)
    signatures.require_signature(rotated, data)
    signatures.require_signature(rotated, signed(rotated))
    services.rotate_secret(application, by=None)
    with pytest.raises(BadSignature):
        signatures.require_signature(Application.objects.get(pk=application.pk), data)
