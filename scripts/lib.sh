# Sourced by the other scripts: stages with their times, and words for what is missing.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# Programs that scripts/setup.sh installed for this checkout alone.
export PATH="$PWD/.tools/bin:$PATH"
# shellcheck disable=SC2034 # for those who source this
target="${CARGO_TARGET_DIR:-target}"
if [ -n "${CI:-}" ] || [ ! -t 1 ]; then
  export CARGO_TERM_PROGRESS_WHEN=never CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}" NO_COLOR=1
fi

now_ms() { date +%s%3N; }
started_ms=$(now_ms)
stage_times=()

seconds() { printf '%d.%d s' $(($1 / 1000)) $(($1 % 1000 / 100)); }

say() { printf '%s\n' "$*"; }

# Says what happened, to what, and what to do next; then ends the run.
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# stage NAME COMMAND...: runs a command, prints its time, ends the run when it fails.
stage() {
  local name=$1 begun took status=0
  shift
  printf '==> %s\n' "$name"
  begun=$(now_ms)
  "$@" || status=$?
  took=$(($(now_ms) - begun))
  if [ "$status" -ne 0 ]; then
    printf '==> %s FAILED after %s (exit code %d)\n' "$name" "$(seconds $took)" "$status" >&2
    exit 1
  fi
  stage_times+=("$(printf '%10s  %s' "$(seconds $took)" "$name")")
  printf '    %s: %s\n' "$name" "$(seconds $took)"
}

# Prints every stage's time and the sum.
summary() {
  printf '\n'
  printf '%s\n' "${stage_times[@]}"
  printf '%10s  in all\n' "$(seconds $(($(now_ms) - started_ms)))"
}

has() { command -v "$1" >/dev/null 2>&1; }

# A port that nobody listens on, away from those that the system hands out by itself.
port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
  local port
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 12000))
    if port_is_free "$port"; then
      printf '%s' "$port"
      return 0
    fi
  done
  return 1
}

# Installs Debian packages: as root, or through sudo when that asks nothing.
apt_install() {
  has apt-get || return 1
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    has sudo && sudo --non-interactive true 2>/dev/null || return 1
    as_root=(sudo --non-interactive)
  fi
  say "    installing $* with apt-get"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update --quiet=2 &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "$@" >/dev/null
}
