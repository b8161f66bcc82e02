"""Settings of the tests: the product's own, on throw-away data and with nothing taken from the environment.

IM_TEST_BACKEND=postgresql runs on the servers that IM_TEST_DATABASE_URL and IM_TEST_REDIS_URL name, as `make test` does
for its second run; without it: a SQLite file and process memory.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

BACKEND = os.environ.get("IM_TEST_BACKEND", "sqlite")
for name in [*os.environ]:
    if name.startswith("IM_") and not name.startswith(("IM_TEST_", "IM_SCREENSHOTS")):
        del os.environ[name]

FOLDER = Path(tempfile.mkdtemp(prefix="imsite-test-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
(FOLDER / "static").mkdir()  # which is asked for at the first request
os.environ["IM_DATA_DIR"] = str(FOLDER)
if BACKEND == "postgresql":
    os.environ["IM_DATABASE_URL"] = os.environ["IM_TEST_DATABASE_URL"]
    os.environ["IM_REDIS_URL"] = os.environ.get("IM_TEST_REDIS_URL", "")
    os.environ["IM_SECRET_KEY"] = "for the tests alone, which keep nothing"

from imsite.settings import *  # noqa: E402, F403
from imsite.settings import DATABASES, STORAGES  # noqa: E402

# A process that a test starts runs the product as it is, on a data folder of its own.
os.environ["DJANGO_SETTINGS_MODULE"] = "imsite.settings"
for name in ("IM_DATABASE_URL", "IM_REDIS_URL", "IM_SECRET_KEY"):
    os.environ.pop(name, None)

ALLOWED_HOSTS = ["*"]
# Tests ask for more in a second than people do; those of limits turn them on.
RATE_LIMITS = False
# Tests need no hashed copies of the static files, and nobody a slow hash.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ARGON2_TIME, ARGON2_MEMORY_KIB = 1, 8
ARGON2_TIME, ARGON2_MEMORY_KIB = 1, 8  # nor chat accounts

if BACKEND == "sqlite":
    # A file, as in production: the writer has a connection of its own. Only the wait for the disk is left out.
    DATABASES["default"]["TEST"] = {"NAME": str(FOLDER / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] = DATABASES["default"]["OPTIONS"]["init_command"].replace(
        "synchronous=FULL", "synchronous=OFF"
    )
