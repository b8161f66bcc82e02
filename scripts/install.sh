#!/bin/sh
# Make .venv and install what pyproject.toml names; `dev` adds what tests and checks need, IM_S3_BUCKET what a bucket needs.
# Does nothing while the list of packages is the one installed last. What is missing is said in one sentence.
set -eu
cd "$(dirname "$0")/.."
venv=.venv
extra=${1:-}
oldest=3.11

fail() {
    echo "imsite: $*" >&2
    exit 1
}

new_enough() {
    "$1" -c "import sys; sys.exit(sys.version_info < ($(echo $oldest | tr . ,)))" 2>/dev/null
}

find_python() {
    for name in ${IM_PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$name" >/dev/null 2>&1 && new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
}

if ! { [ -x $venv/bin/python ] && new_enough $venv/bin/python && [ -x $venv/bin/pip ]; }; then
    python=$(find_python)
    if [ -z "$python" ]; then
        command -v python3 >/dev/null 2>&1 ||
            fail "Python $oldest or newer is needed and python3 was not found; on Debian: apt-get install python3 python3-venv."
        fail "Python $oldest or newer is needed; this machine has $(python3 --version 2>&1)."
    fi
    "$python" -c "import venv, ensurepip" 2>/dev/null ||
        fail "the Python module venv is missing from $python; on Debian: apt-get install python3-venv."
    reason=$("$python" -m venv --clear $venv 2>&1) ||
        fail "the virtual environment $PWD/$venv could not be made: $(echo "$reason" | tail -n 1)"
fi

wanted=$($venv/bin/python scripts/requirements.py $extra ${IM_S3_BUCKET:+s3}) || fail "the list of packages could not be read from pyproject.toml."
stamp=$venv/installed${extra:+-$extra}.txt
if [ -f "$stamp" ] && [ "$wanted" = "$(cat "$stamp")" ]; then
    exit 0
fi

log=$venv/install.log
echo "imsite: installing $(echo "$wanted" | wc -l) packages and what they need into $PWD/$venv ..." >&2
echo "$wanted" >$venv/wanted.txt 2>/dev/null || fail "cannot write to $PWD/$venv."
if ! $venv/bin/python -m pip install --disable-pip-version-check --no-input --retries 2 --timeout 20 \
    -r $venv/wanted.txt >$log 2>&1; then
    if grep -qiE "connection broken|NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError" $log; then
        fail "the package index cannot be reached, so the packages cannot be installed (details: $PWD/$log)."
    fi
    fail "the packages cannot be installed: $(grep '^ERROR' $log | tail -n 1 | sed 's/^ERROR: *//') (details: $PWD/$log)"
fi
mv $venv/wanted.txt "$stamp"
# What the server needs is among what the checks need.
[ -z "$extra" ] || $venv/bin/python scripts/requirements.py ${IM_S3_BUCKET:+s3} >$venv/installed.txt
