"""What the realtime frame needs, and no app but this package."""

import os

SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["*"]
TRUSTED_PROXIES: list[str] = []
INSTALLED_APPS = ["channels", "tests.realtime.server"]
ROOT_URLCONF = "tests.realtime.server.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "CONN_MAX_AGE": None}}
USE_TZ = True

REALTIME_THREADS = 8
HTTP_THREADS = 4
HTTP_BODY_BYTES = 64 * 1024 * 1024
SOCKET_BUFFER_BYTES = int(os.environ.get("TEST_BUFFER_BYTES", 1024 * 1024))
SOCKET_FRAME_BYTES = 64 * 1024
PING_INTERVAL_S = int(os.environ.get("TEST_PING_S", 25))
PING_TIMEOUT_S = int(os.environ.get("TEST_PING_S", 60))
REDIS_URL = os.environ.get("TEST_REDIS_URL", "")

if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": os.environ.get("TEST_REDIS_PREFIX", "frame-tests")},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
CACHES = {
    alias: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": alias}
    for alias in ("default", "answers")
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
