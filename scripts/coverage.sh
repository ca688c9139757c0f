#!/usr/bin/env bash
# Line coverage, with a PostgreSQL server for the store tests. Arguments go to `cargo xtask coverage`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/setup.sh
. scripts/setup.sh
# shellcheck source=scripts/postgres.sh
. scripts/postgres.sh

need_llvm_cov() {
  has cargo-llvm-cov || cargo install cargo-llvm-cov --locked --quiet --root .tools
}

trap stop_postgres EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
stage "set-up: Rust and a C compiler" need_rust
stage "set-up: cargo-llvm-cov" need_llvm_cov
[ -n "${MAINSTAY_TEST_POSTGRES:-}" ] || stage "set-up: PostgreSQL" need_postgres
stage "set-up: a PostgreSQL server for the tests" start_postgres
stage "set-up: libfaketime" need_faketime
stage "coverage" cargo xtask coverage "$@"
summary
