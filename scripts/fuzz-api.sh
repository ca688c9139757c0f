#!/usr/bin/env bash
# Schemathesis over the API document of a fresh server: every operation with valid and invalid input, and no answer of 5xx.
# Arguments go to schemathesis. Not part of `make test`: it needs Python 3.10 and PyPI, and takes minutes.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

version=4.32.5
tool=.tools/schemathesis
folder=""
server=""

need_schemathesis() {
  [ -x "$tool/bin/schemathesis" ] && [ "$("$tool/bin/schemathesis" --version)" = "schemathesis, version $version" ] && return 0
  has python3 || fail "python3 is missing. Install Python 3.10 or newer and run this again"
  python3 -m venv "$tool" && "$tool/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"
}

start_server() {
  local port
  port=$(free_port) || return 1
  address="http://127.0.0.1:$port"
  folder=$(mktemp -d "${TMPDIR:-/tmp}/mainstay-fuzz.XXXXXX")
  "$target/debug/mainstay" up --data "$folder" --listen "127.0.0.1:$port" 2>"$folder/log" &
  server=$!
  for _ in $(seq 200); do
    "$target/debug/mainstay" ready --server "$address" >/dev/null 2>&1 && return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$folder/log" >&2
  return 1
}

stop_server() {
  if [ -n "$server" ] && kill "$server" 2>/dev/null; then
    wait "$server" || true
  fi
  [ -z "$folder" ] || rm -rf -- "$folder"
}

run_schemathesis() {
  # The event stream never ends by design.
  "$tool/bin/schemathesis" run "$address/openapi.json" --checks not_a_server_error --exclude-path /api/v1/events \
    --max-examples 50 --request-timeout 20 "$@" || {
    grep --max-count=20 '"level":"ERROR"' "$folder/log" >&2 || true
    return 1
  }
}

trap stop_server EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
stage "set-up: schemathesis" need_schemathesis
stage "build" cargo build --locked --package mainstay
stage "start a server" start_server
stage "schemathesis" run_schemathesis "$@"
summary
