"""Several calls at once, each in a thread with a database connection of its own."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from imsite.core.errors import ImError


def together(*calls):
    """What each call returns or which refusal it raises, all begun at once."""

    def run(call):
        try:
            return call()
        except ImError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def kinds(results):
    """The names of the types of results, in alphabetical order."""
    return sorted(type(result).__name__ for result in results)
