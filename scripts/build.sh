#!/usr/bin/env bash
# Sets up what a build needs and builds the program for use, its dashboard inside.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/setup.sh
. scripts/setup.sh

stage "set-up: Rust and a C compiler" need_rust
dashboard_if_possible
stage "build mainstay" cargo build --locked --release --package mainstay
summary
say "built $target/release/mainstay; start it with: $target/release/mainstay up"
