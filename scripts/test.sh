#!/usr/bin/env bash
# Every test, on a fresh machine or a used one. `scripts/test.sh` runs all stages, `scripts/test.sh NAME...` those named.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/setup.sh
. scripts/setup.sh
# shellcheck source=scripts/postgres.sh
. scripts/postgres.sh

# Cheap stages first, so that a small mistake is found in seconds.
all_stages=(format tidy deploy dashboard-packages dashboard-check dashboard-build build openapi clippy rust schema browser browser-real)

run_format() { cargo fmt --all --check; }
run_tidy() { cargo xtask tidy; }
# A stage runs where `set -e` does not reach, so each step that may fail says `|| return`.
run_deploy() {
  cargo xtask deploy-check || return
  # The client alone can read the file; an engine is not needed for that.
  if has docker && docker compose version >/dev/null 2>&1; then
    docker compose --file deploy/compose.yaml --profile postgresql config --quiet
  fi
}
run_dashboard-packages() { need_node && need_dashboard_packages; }
run_dashboard-check() { (cd dashboard && npm run --silent check); }
run_dashboard-build() { need_dashboard_built; }
run_build() { cargo build --locked --package mainstay; }
run_openapi() { cargo xtask openapi --check --binary "$target/debug/mainstay"; }
run_clippy() { cargo clippy --locked --workspace --all-targets -- --deny warnings; }
run_rust() {
  # Frames of the runtime hide what a failed test says; whoever looks for them runs that test alone.
  local -x RUST_BACKTRACE=0
  if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --locked --workspace --no-fail-fast || return
    # nextest leaves examples in comments out.
    if grep --recursive --quiet --include='*.rs' '^ *//[/!] ```$' app modules platform providers; then
      cargo test --locked --workspace --doc --quiet
    fi
  else
    cargo test --locked --workspace --quiet
  fi
}
# The same inputs every time: a test must not fail by chance. Longer and by chance: scripts/fuzz-api.sh.
run_schema() { scripts/fuzz-api.sh --max-examples 20 --generation-deterministic; }
run_browser() {
  local port
  need_browser && port=$(free_port) && (cd dashboard && FIXTURE_PORT=$port npm run --silent test:browser)
}
# The dashboard of the program that was just built, against the fleet of its demo.
run_browser-real() {
  local port program
  need_browser && need_node && need_dashboard_packages && need_dashboard_built && run_build && port=$(free_port) || return
  program=$(realpath "$target/debug/mainstay") || return
  (cd dashboard && MAINSTAY_TEST_BINARY=$program MAINSTAY_TEST_PORT=$port npm run --silent test:real)
}

stages=("$@")
[ $# -gt 0 ] || stages=("${all_stages[@]}")
for name in "${stages[@]}"; do
  [[ " ${all_stages[*]} " == *" $name "* ]] || fail "there is no stage $name; there are: ${all_stages[*]}"
done

trap stop_postgres EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

stage "set-up: Rust and a C compiler" need_rust
for name in "${stages[@]}"; do
  if [ "$name" = rust ]; then
    [ -n "${MAINSTAY_TEST_POSTGRES:-}" ] || stage "set-up: PostgreSQL" need_postgres
    stage "set-up: a PostgreSQL server for the tests" start_postgres
    stage "set-up: libfaketime" need_faketime
  fi
  stage "$name" "run_$name"
done
summary
say "all tests passed"
