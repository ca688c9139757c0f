#!/usr/bin/env bash
# Sets up what the demo needs, builds it, and starts it. Arguments go to `mainstay demo`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/setup.sh
. scripts/setup.sh

stage "set-up: Rust and a C compiler" need_rust
if has_node; then
  stage "set-up: the dashboard's packages" need_dashboard_packages
  stage "build the dashboard" need_dashboard_built
else
  say "    Node.js 20.19 or newer is missing, so the dashboard stays a page that says how to build it; all else works"
fi
stage "build mainstay" cargo build --locked --package mainstay
summary
exec "$target/debug/mainstay" demo "$@"
