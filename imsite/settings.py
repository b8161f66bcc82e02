"""Settings. With nothing set: SQLite, in-memory layer, local files, one process. `IM_*` variables do the rest; README lists them."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _

from imsite.core.addresses import read_networks

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def read_secret(path: Path) -> str:
    """The secret kept in `path`, made on first use; readable by its owner alone.

    Two processes may start at once: the file is linked into place whole, so both read the same one.
    """
    if not path.exists():
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_name(f"{path.name}.{os.getpid()}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(48))
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        except OSError as error:
            raise ImproperlyConfigured(
                f"IM_DATA_DIR: cannot write to {path.parent}: {error.strerror}. Choose a folder that you may write to."
            ) from error
    return path.read_text().strip()


def positive(name: str, default: int) -> int:
    """The whole number above zero in the variable `name`."""
    try:
        value = env.int(name, default=default)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {os.environ[name]!r}.") from None
    if value <= 0:
        raise ImproperlyConfigured(f"{name} must be above 0, not {value}.")
    return value


def switched(name: str, default: str = "false") -> bool:
    """Whether the variable `name` says yes; `default` when it is not set."""
    value = env.str(name, default=default).lower()
    if value not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value in ("1", "true", "yes", "on")


def chosen(name: str, default: str, choices: tuple[str, ...]) -> str:
    """The value of the variable `name`, one of `choices`."""
    value = env.str(name, default=default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def file_storage() -> dict[str, Any]:
    """Where uploads lie: IM_DATA_DIR/media, or the bucket that IM_S3_BUCKET names."""
    names = (
        "IM_S3_ENDPOINT", "IM_S3_REGION", "IM_S3_ACCESS_KEY", "IM_S3_SECRET_KEY", "IM_S3_PREFIX", "IM_S3_ADDRESSING",
        "IM_S3_DOWNLOADS",
    )  # fmt: skip
    given = {name: env.str(name, default="") for name in names}
    bucket = env.str("IM_S3_BUCKET", default="")
    if not bucket:
        if lonely := [name for name in names if given[name]]:
            raise ImproperlyConfigured(f"IM_S3_BUCKET must be set where {lonely[0]} is.")
        return {"BACKEND": "imsite.core.files.LocalFiles"}
    if given["IM_S3_ACCESS_KEY"] and not given["IM_S3_SECRET_KEY"]:
        raise ImproperlyConfigured("IM_S3_SECRET_KEY must be set where IM_S3_ACCESS_KEY is.")
    if given["IM_S3_SECRET_KEY"] and not given["IM_S3_ACCESS_KEY"]:
        raise ImproperlyConfigured("IM_S3_ACCESS_KEY must be set where IM_S3_SECRET_KEY is.")
    if not re.match(r"(https?://[^/]|$)", given["IM_S3_ENDPOINT"]):
        raise ImproperlyConfigured(
            f"IM_S3_ENDPOINT must begin with http:// or https://, not {given['IM_S3_ENDPOINT']!r}."
        )
    if not given["IM_S3_ENDPOINT"] and not given["IM_S3_REGION"]:
        raise ImproperlyConfigured(
            "IM_S3_REGION, or IM_S3_ENDPOINT of another service, must be set where IM_S3_BUCKET is."
        )
    if not all(importlib.util.find_spec(package) for package in ("storages", "boto3")):
        raise ImproperlyConfigured(
            "IM_S3_BUCKET needs packages that are missing; `make install` with it set gets them."
        )
    options = {
        "bucket_name": bucket,
        "endpoint_url": given["IM_S3_ENDPOINT"] or None,
        "region_name": given["IM_S3_REGION"] or "us-east-1",
        "location": given["IM_S3_PREFIX"].strip("/"),
        "addressing_style": chosen("IM_S3_ADDRESSING", "auto", ("auto", "path", "virtual")),
        "access_key": given["IM_S3_ACCESS_KEY"] or None,  # without them boto3 looks: a machine may have a role
        "secret_key": given["IM_S3_SECRET_KEY"] or None,
        "signature_version": "s3v4",
    }
    return {"BACKEND": "imsite.core.s3.S3Files", "OPTIONS": options}


# Where things are
DATA_DIR = Path(env.str("IM_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
HOST = env.str("IM_HOST", default="127.0.0.1")
PORT = positive("IM_PORT", 8000)
SERVER = chosen("IM_SERVER", "daphne", ("daphne", "uvicorn"))
DATABASE_URL = env.str("IM_DATABASE_URL", default="")
REDIS_URL = env.str("IM_REDIS_URL", default="")
DEFAULT_APPKEY = env.str("IM_DEFAULT_APPKEY", default="")

SECRET_KEY = env.str("IM_SECRET_KEY", default="")
if not SECRET_KEY and DATABASE_URL and not DATABASE_URL.startswith("sqlite"):
    raise ImproperlyConfigured(
        "IM_SECRET_KEY must be set where IM_DATABASE_URL names a database server: every process needs the same one."
    )
if not SECRET_KEY:
    SECRET_KEY = read_secret(DATA_DIR / "secret_key")

DEBUG = False
LOOPBACK = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.list("IM_ALLOWED_HOSTS", default=LOOPBACK if HOST in ("127.0.0.1", "localhost", "::1") else ["*"])
CSRF_TRUSTED_ORIGINS = env.list("IM_CSRF_TRUSTED_ORIGINS", default=[])
# Whose X-Forwarded-* is believed; nobody's by default, since anyone can write such a header.
TRUSTED_PROXIES = env.list("IM_TRUSTED_PROXIES", default=[])
try:
    read_networks(TRUSTED_PROXIES)
except ValueError as error:
    raise ImproperlyConfigured(
        f"IM_TRUSTED_PROXIES takes addresses and networks, as 10.0.0.0/8, and unix, separated by commas: {error}."
    ) from None
USE_X_FORWARDED_HOST = switched("IM_FORWARDED_HOST")
# A proxy that ends TLS says so in this header; trusted only where the operator says that there is one.
if switched("IM_BEHIND_TLS_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True

# Packages
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "imsite",
    "imsite.core",
    "accounts",
    "messaging",
    "groups",
    "chatrooms",
    "imsite.importing",
]
MIDDLEWARE = [
    "imsite.rest.middleware.RealAddress",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "imsite.rest.middleware.ApiPaths",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "imsite.urls"
ASGI_APPLICATION = "imsite.asgi.application"
APPEND_SLASH = False  # the API never redirects: a client would lose its body
AUTH_USER_MODEL = "accounts.Operator"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database
SQLITE_SYNCHRONOUS = chosen("IM_SQLITE_SYNCHRONOUS", "FULL", ("FULL", "NORMAL", "EXTRA"))
try:
    database = env.db_url("IM_DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'imsite.sqlite3'}")
except Exception as error:  # the library raises what the URL happens to break
    raise ImproperlyConfigured(f"IM_DATABASE_URL cannot be read: {error}") from error
if database["ENGINE"].endswith("sqlite3"):
    database |= {
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,  # seconds a writer waits for another
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={SQLITE_SYNCHRONOUS};"
            "PRAGMA busy_timeout=20000; PRAGMA cache_size=-20000; PRAGMA temp_store=MEMORY;",
        },
    }
elif database["ENGINE"].endswith("postgresql"):
    database |= {
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": {"min_size": 2, "max_size": positive("IM_DATABASE_POOL", 40), "timeout": 20}},
    }
else:
    raise ImproperlyConfigured("IM_DATABASE_URL must begin with sqlite: or postgres:")
DATABASES = {"default": database}

# Redis: what several processes share
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "imsite", "capacity": 10_000},
        }
    }
    CACHES = {
        alias: {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL, "KEY_PREFIX": prefix}
        for alias, prefix in (("default", "imsite"), ("answers", "imsite-answers"))
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {
        alias: {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": alias,
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
        for alias in ("default", "answers")
    }

# Passwords: operators by Django's own; chat accounts by accounts.passwords, over the md5 that the wire brings
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
# Passes and memory: about 10 ms together, so that 500 registrations take some seconds
ARGON2_TIME = positive("IM_ARGON2_TIME", 3)
ARGON2_MEMORY_KIB = positive("IM_ARGON2_MEMORY_KIB", 7168)
if ARGON2_MEMORY_KIB < 8:
    raise ImproperlyConfigured(f"IM_ARGON2_MEMORY_KIB must be 8 or more, not {ARGON2_MEMORY_KIB}.")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"

# Languages and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "imsite" / "locale", BASE_DIR / "imsite" / "locale" / "unfold"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Files
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": file_storage(),
    "staticfiles": {"BACKEND": "imsite.staticfiles.HashedModules"},
}
S3_DOWNLOADS = chosen("IM_S3_DOWNLOADS", "stream", ("stream", "redirect"))  # through us, or from the service itself
PUBLIC_URL = env.str("IM_PUBLIC_URL", default="").rstrip("/")  # "" = the host that the request named
MEDIA_LINK_SECONDS = positive("IM_MEDIA_LINK_SECONDS", 24 * 3600)
REST_UPLOAD_BYTES = positive("IM_REST_UPLOAD_BYTES", 8 * 1024 * 1024)
SDK_IMAGE_BYTES = positive("IM_SDK_IMAGE_BYTES", 10 * 1024 * 1024)
# Of any request: above every upload that a view takes, so that whoever sends somewhat too much hears it from the view.
HTTP_BODY_BYTES = max(64 * 1024 * 1024, REST_UPLOAD_BYTES + 1024 * 1024, SDK_IMAGE_BYTES + 1024 * 1024)
IMAGE_PIXELS = positive("IM_IMAGE_PIXELS", 40_000_000)  # beyond it an image counts as a decompression bomb
IMAGE_FRAMES = positive("IM_IMAGE_FRAMES", 2000)  # of an animation
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024  # a registration of 500 full profiles is under 1 MiB
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Messages
REST_BODY_BYTES = positive("IM_REST_BODY_BYTES", 4096)  # msg_body of POST /v1/messages, compact JSON
SOCKET_CONTENT_BYTES = positive("IM_SOCKET_CONTENT_BYTES", 7168)  # content of a send by socket, compact JSON
ROAMING_MESSAGES = positive("IM_ROAMING_MESSAGES", 500)  # a conversation, at a login with roaming
SYNC_MESSAGES = positive("IM_SYNC_MESSAGES", 5000)  # in one packet of a sync; the rest follow
SIGNATURE_SECONDS = positive("IM_SIGNATURE_SECONDS", 600)

# Limits: their numbers are settings of each application; here all of them can be turned off
RATE_LIMITS = switched("IM_RATE_LIMITS", "true")

# Sockets
REALTIME_THREADS = positive("IM_REALTIME_THREADS", 16)
HTTP_THREADS = positive("IM_HTTP_THREADS", 16)
SOCKET_BUFFER_BYTES = positive("IM_SOCKET_BUFFER_BYTES", 4 * 1024 * 1024)
SOCKET_FRAME_BYTES = positive("IM_SOCKET_FRAME_BYTES", 256 * 1024)
PING_INTERVAL_S = positive("IM_PING_INTERVAL_S", 25)
PING_TIMEOUT_S = positive("IM_PING_TIMEOUT_S", 60)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.MasterSecret"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["imsite.rest.json.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["imsite.rest.json.JSONParser"],
    "EXCEPTION_HANDLER": "imsite.rest.errors.answer_refusal",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "imsite.rest.json.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "imsite.rest.openapi.Operations",
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "",
    "SORT_OPERATIONS": False,  # in the order of the URL tables, which is the vendor's
    "POSTPROCESSING_HOOKS": [],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

UNFOLD = {
    "SITE_TITLE": "imsite",
    "SITE_HEADER": "imsite",
    "SITE_SUBHEADER": _("Operator console"),
    "SITE_SYMBOL": "forum",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("css/icons/app.svg")}],
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "STYLES": ["imsite.console.lists_style"],
    "LOGIN": {"form": "accounts.signin.SignInForm"},
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "imsite.console.navigation"},
    "COLORS": {
        "primary": {
            "50": "#eef6ff", "100": "#d9eaff", "200": "#bcdaff", "300": "#8ec3ff", "400": "#59a1ff",
            "500": "#337dff", "600": "#1b5cf5", "700": "#1447e1", "800": "#173ab6", "900": "#19358f", "950": "#142257",
        }
    },
}  # fmt: skip

LOG_LEVEL = chosen("IM_LOG_LEVEL", "WARNING", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # A request for a host that is not ours is answered with 400; a scanner must not fill the log with tracebacks.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django": {"level": LOG_LEVEL, "propagate": True, "handlers": []},
        # A refused request is nothing that the operator must look at; our own bugs are, with their traceback.
        "django.request": {"level": "ERROR" if LOG_LEVEL == "WARNING" else LOG_LEVEL},
    },
}
