#!/usr/bin/env bash
# Sets up what the demo needs, builds it, and starts it. Arguments go to `mainstay demo`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/setup.sh
. scripts/setup.sh

stage "set-up: Rust and a C compiler" need_rust
dashboard_if_possible
stage "build mainstay" cargo build --locked --package mainstay
summary
exec "$target/debug/mainstay" demo "$@"
