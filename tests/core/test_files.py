"""The folder and the bucket that keep uploads, asked the same."""

import logging
import subprocess
import sys
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.base import ContentFile

from imsite.core.files import LocalFiles, StorageFails
from tests.backing import free_port
from tests.live import ROOT, environment
from tests.messaging import buckets

pytestmark = pytest.mark.sqlite_only


@pytest.fixture(scope="module")
def endpoint():
    with buckets.service() as address:
        yield address


def in_a_bucket(endpoint: str, bucket: str, **more):
    from imsite.core.s3 import S3Files

    return S3Files(**buckets.options(endpoint, bucket, **more))


@pytest.fixture(params=["folder", "bucket", "below a prefix"])
def store(request, tmp_path, endpoint):
    if request.param == "folder":
        return LocalFiles(location=tmp_path / "media")
    return in_a_bucket(endpoint, buckets.new_bucket(endpoint), location="chat/files" * (request.param != "bucket"))


def everything(part) -> bytes:
    try:
        return part.read()
    finally:
        part.close()


def test_what_is_saved_is_read_in_parts(store):
    name = store.save("a/b/one", ContentFile(b"0123456789"))
    assert name == "a/b/one"
    assert everything(store.part(name, 0, 10)) == b"0123456789"
    assert everything(store.part(name, 3, 4)) == b"3"
    assert everything(store.part(name, 8, 10)) == b"89"
    assert everything(store.part(name)) == b"0123456789"
    assert everything(store.part(name, 7)) == b"789"
    part = store.part(name, 2, 7)
    assert [part.read(2), part.read(2), part.read(2), part.read(2)] == [b"23", b"45", b"6", b""]
    part.close()
    with store.open(name, "rb") as file:
        assert file.read() == b"0123456789"


def test_what_is_put_replaces_what_was(store):
    for data in (b"first", b"second one", b"3"):
        store.put("a/small/200", data)
        assert everything(store.part("a/small/200", 0, len(data))) == data
    assert store.listdir("a/small") == ([], ["200"])


def test_what_is_deleted_is_gone(store):
    store.save("a/one", ContentFile(b"1"))
    store.delete("a/one")
    assert not store.exists("a/one")
    store.delete("a/one")
    with pytest.raises(FileNotFoundError):
        store.part("a/one", 0, 1)


def test_a_put_that_fails_leaves_what_was_and_nothing_else(tmp_path, monkeypatch):
    store = LocalFiles(location=tmp_path)
    store.put("a/200", b"before")

    def full(*names):
        raise OSError("no space left")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        store.put("a/200", b"after")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["200"]
    assert (tmp_path / "a" / "200").read_bytes() == b"before"


def test_files_lie_below_the_prefix_and_are_for_us_alone(endpoint):
    bucket = buckets.new_bucket(endpoint)
    in_a_bucket(endpoint, bucket, location="chat").save("a/one", ContentFile(b"1"))
    assert buckets.keys(endpoint, bucket) == {"chat/a/one"}
    grants = buckets.client(endpoint).get_object_acl(Bucket=bucket, Key="chat/a/one")["Grants"]
    assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"]


def test_a_large_file_and_one_that_is_no_file_of_ours(endpoint):
    store = in_a_bucket(endpoint, buckets.new_bucket(endpoint))
    data = bytes(range(256)) * 4096 * 10  # 10 MiB: more than one part on the way
    content = ContentFile(data)
    store.save("big", content)
    assert not content.closed
    assert everything(store.part("big", 0, len(data))) == data


def test_browsers_get_an_address_only_where_that_is_set(endpoint, settings):
    store = in_a_bucket(endpoint, buckets.new_bucket(endpoint))
    store.save("a/one", ContentFile(b"<script>"))
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": "attachment; filename*=utf-8''%E6%8A%A5.html",
        "Cache-Control": "private, max-age=60",
    }
    assert store.address("a/one", headers) is None
    settings.S3_DOWNLOADS = "redirect"
    address = store.address("a/one", headers)
    assert address.startswith(f"{endpoint}/")
    query = parse_qs(urlsplit(address).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert int(query["X-Amz-Expires"][0]) <= 300
    with urllib.request.urlopen(address, timeout=20) as answer:
        assert answer.read() == b"<script>"
        for name, value in headers.items():
            assert answer.headers[name] == value


def test_a_folder_has_no_address_of_its_own(tmp_path, settings):
    settings.S3_DOWNLOADS = "redirect"
    assert LocalFiles(location=tmp_path).address("a", {}) is None


@pytest.mark.parametrize("fault", ["no service", "no bucket"])
def test_a_service_that_does_not_answer_is_told_and_logged(endpoint, caplog, monkeypatch, fault):
    monkeypatch.setattr("imsite.core.s3.TRIES", 1)
    store = in_a_bucket(endpoint if fault == "no bucket" else f"http://127.0.0.1:{free_port()}", "nobody-has-this-one")
    for operation in (
        lambda: store.save("a", ContentFile(b"1")),
        lambda: store.put("a", b"1"),
        lambda: store.part("a", 0, 1),
        lambda: store.listdir("a"),
    ):
        caplog.clear()
        with caplog.at_level(logging.ERROR), pytest.raises(StorageFails):
            operation()
        assert caplog.records[0].name == "imsite.core.s3"
    assert (StorageFails.status, StorageFails.code) == (503, 899030)
    assert "nobody else's" not in caplog.text


# Settings


WITHOUT_BOTO3 = """
import importlib.util
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *package: None if name == "boto3" else find_spec(name, *package)
"""


def started(tmp_path, *, before: str = "", **variables: str) -> str:
    """What a start with these variables says: the storage, and whether boto3 was loaded."""
    code = before + (
        "import django, sys\ndjango.setup()\nfrom django.conf import settings\n"
        "print(settings.STORAGES['default'], 'boto3' in sys.modules, settings.S3_DOWNLOADS)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env={**environment(tmp_path), **variables}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_nothing_set_is_a_folder_and_boto3_is_not_loaded(tmp_path):
    assert started(tmp_path) == "{'BACKEND': 'imsite.core.files.LocalFiles'} False stream\n"


def test_a_bucket_with_all_it_needs(tmp_path):
    said = started(
        tmp_path, IM_S3_BUCKET="b", IM_S3_ENDPOINT="http://minio:9000", IM_S3_ACCESS_KEY="k", IM_S3_SECRET_KEY="s",
        IM_S3_PREFIX="/chat/", IM_S3_DOWNLOADS="redirect", IM_S3_ADDRESSING="path",
    )  # fmt: skip
    for expected in (
        "imsite.core.s3.S3Files", "'bucket_name': 'b'", "'location': 'chat'", "'region_name': 'us-east-1'", "'path'", "redirect",
    ):  # fmt: skip
        assert expected in said
    assert "S3Files" in started(tmp_path, IM_S3_BUCKET="b", IM_S3_REGION="eu-central-1")  # the machine has a role


def test_a_bucket_without_its_packages_stops_the_start(tmp_path):
    said = started(tmp_path, before=WITHOUT_BOTO3, IM_S3_BUCKET="b", IM_S3_REGION="eu-central-1")
    assert "ImproperlyConfigured: IM_S3_BUCKET needs packages that are missing" in said
    assert started(tmp_path, before=WITHOUT_BOTO3).endswith("False stream\n")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"IM_S3_ACCESS_KEY": "k"}, "IM_S3_BUCKET must be set where IM_S3_ACCESS_KEY is."),
        ({"IM_S3_DOWNLOADS": "redirect"}, "IM_S3_BUCKET must be set where IM_S3_DOWNLOADS is."),
        ({"IM_S3_BUCKET": "b", "IM_S3_REGION": "r", "IM_S3_ACCESS_KEY": "k"}, "IM_S3_SECRET_KEY must be set"),
        ({"IM_S3_BUCKET": "b", "IM_S3_REGION": "r", "IM_S3_SECRET_KEY": "k"}, "IM_S3_ACCESS_KEY must be set"),
        ({"IM_S3_BUCKET": "b"}, "IM_S3_REGION, or IM_S3_ENDPOINT of another service, must be set"),
        ({"IM_S3_BUCKET": "b", "IM_S3_ENDPOINT": "minio:9000"}, "IM_S3_ENDPOINT must begin with http:// or https://"),
        ({"IM_S3_BUCKET": "b", "IM_S3_REGION": "r", "IM_S3_ADDRESSING": "x"}, "IM_S3_ADDRESSING must be one of"),
        ({"IM_S3_BUCKET": "b", "IM_S3_REGION": "r", "IM_S3_DOWNLOADS": "x"}, "IM_S3_DOWNLOADS must be one of"),
    ],
)
def test_a_half_configured_bucket_stops_the_start(tmp_path, variables, sentence):
    assert f"ImproperlyConfigured: {sentence}" in started(tmp_path, **variables)
