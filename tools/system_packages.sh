#!/bin/sh
# Installs the Debian packages that are missing: `venv` to make .venv, `tests` for the test suite.
# Without root it says what to install and fails.
set -eu

missing=""
need() { # need COMMAND PACKAGE
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

case "${1:-}" in
venv)
    missing="python3-venv"
    ;;
tests)
    need sipp sip-tester
    need baresip baresip-core
    need sox sox
    need curl curl
    need ip iproute2
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
    ;;
*)
    echo "usage: $0 venv|tests" >&2
    exit 2
    ;;
esac

[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "please install first: apt-get install$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
lock="-o DPkg::Lock::Timeout=300"
# shellcheck disable=SC2086
apt-get $lock install -qq -y --no-install-recommends $missing >/dev/null 2>&1 || {
    apt-get $lock update -qq
    apt-get $lock install -qq -y --no-install-recommends $missing
}
