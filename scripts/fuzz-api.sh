#!/usr/bin/env bash
# Schemathesis over the API document of a fresh server that knows the demo's fleet: every operation with valid and invalid
# input. No answer is a server error, and every status, content type and body is one that the document promises.
# Arguments go to schemathesis, for example --max-examples 200. It needs Python 3.10 and, the first time, PyPI.
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
  # Debian keeps the module's pip in a package of its own.
  python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv ||
    fail "Python's module venv cannot install pip. Install the package python3-venv and run this again"
  if python3 -m venv "$tool" && "$tool/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"; then
    return 0
  fi
  fail "schemathesis $version could not be installed from PyPI into $tool. Look at pip's words above"
}

start_server() {
  local port
  port=$(free_port) || return 1
  address="http://127.0.0.1:$port"
  folder=$(mktemp -d "${TMPDIR:-/tmp}/mainstay-fuzz.XXXXXX")
  "$target/debug/mainstay" up --data "$folder/data" --listen "127.0.0.1:$port" 2>"$folder/log" &
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

# The demo's fleet under names that never resolve, so that nothing outside is probed; and the ids of what there is then.
fill_server() {
  local file
  mkdir "$folder/demo"
  for file in examples/demo/*.json examples/demo/*.yaml; do
    sed 's|http://\([a-z]*\):|http://\1.invalid:|g' "$file" >"$folder/demo/${file##*/}"
  done
  "$target/debug/mainstay" import --server "$address" "$folder/demo" >/dev/null || return
  "$tool/bin/python" scripts/fuzz-api-data.py "$address" >"$folder/schemathesis.toml"
}

run_schemathesis() {
  export HYPOTHESIS_STORAGE_DIRECTORY="$folder/hypothesis"
  # The event stream never ends by design.
  "$tool/bin/schemathesis" --config-file "$folder/schemathesis.toml" run "$address/openapi.json" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --exclude-path /api/v1/events --max-examples 50 --request-timeout 20 --continue-on-failure --warnings off "$@" || {
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
stage "fill it" fill_server
stage "schemathesis" run_schemathesis "$@"
summary
