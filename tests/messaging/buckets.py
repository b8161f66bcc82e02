"""A service that speaks S3 on this machine, for as long as a test run."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from tests.backing import free_port

KEYS = {"access_key": "tests", "secret_key": "nobody else's"}
_numbers = itertools.count(1)


@contextmanager
def service() -> Iterator[str]:
    """The address of an S3 service that keeps all in memory."""
    port = free_port()
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


def client(endpoint: str):
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEYS["access_key"],
        aws_secret_access_key=KEYS["secret_key"],
    )


def new_bucket(endpoint: str) -> str:
    name = f"uploads-{next(_numbers)}"
    client(endpoint).create_bucket(Bucket=name)
    return name


def keys(endpoint: str, bucket: str) -> set[str]:
    """The names of all that is in the bucket."""
    found = client(endpoint).list_objects_v2(Bucket=bucket).get("Contents", ())
    return {one["Key"] for one in found}


def options(endpoint: str, bucket: str, **more) -> dict:
    """As the settings make them of IM_S3_*."""
    return {
        "bucket_name": bucket,
        "endpoint_url": endpoint,
        "region_name": "us-east-1",
        "location": "",
        "addressing_style": "auto",
        "signature_version": "s3v4",
        **KEYS,
        **more,
    }


def use(settings, endpoint: str, bucket: str, **more) -> None:
    """Let the product keep its files in this bucket."""
    stores = {
        **settings.STORAGES,
        "default": {"BACKEND": "imsite.core.s3.S3Files", "OPTIONS": options(endpoint, bucket, **more)},
    }
    settings.STORAGES = stores
    assert storages["default"].bucket_name == bucket
