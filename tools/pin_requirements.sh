#!/bin/sh
# Writes requirements/*.txt: exact versions with hashes, no index address, for every platform.
set -eu
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --custom-compile-command "make pins" "$@"
}

compile pyproject.toml --extra dev --output-file requirements/dev.txt
compile pyproject.toml --constraint requirements/dev.txt --output-file requirements/runtime.txt
compile requirements/build.in --constraint requirements/dev.txt --output-file requirements/build.txt
