"""The threads in which handlers, loaders and end hooks run: bounded, each with its own database connections."""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections

Args = ParamSpec("Args")
Result = TypeVar("Result")


@functools.cache
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.REALTIME_THREADS, thread_name_prefix="realtime")


def submit(function: Callable[Args, Result], *args: Args.args, **kwargs: Args.kwargs) -> Future[Result]:
    """Run it in a worker thread, in the caller's context, with database connections as at the start of a request."""
    call = functools.partial(function, *args, **kwargs)
    return pool().submit(contextvars.copy_context().run, _run, call)


def _run(call: Callable[[], Result]) -> Result:
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()
