# Sourced: makes sure that what a build, the demo or the tests need is there, and says what to do when it is not.
# shellcheck shell=bash

need_rust() {
  has cargo || fail "cargo is missing. Install Rust 1.95 or newer from https://rustup.rs and run this again"
  has cc || apt_install gcc libc6-dev || fail "a C compiler is missing (SQLite is built from source). Install gcc and run this again"
}

has_node() { has npm && has node && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; }

need_node() {
  has_node || fail "Node.js 20.19 or newer with npm is missing. Install it from https://nodejs.org and run this again"
}

# Installs the dashboard's packages when the lock file changed since the last time.
need_dashboard_packages() {
  local stamp=dashboard/node_modules/.installed-from
  if cmp --silent dashboard/package-lock.json "$stamp"; then
    return 0
  fi
  (cd dashboard && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error) &&
    cp dashboard/package-lock.json "$stamp"
}

# Builds the dashboard when a source is newer than what was built.
need_dashboard_built() {
  local built=dashboard/dist/index.html sources=()
  sources=(dashboard/src dashboard/public dashboard/index.html dashboard/package-lock.json dashboard/vite.config.ts)
  if [ -f "$built" ] && [ -z "$(find "${sources[@]}" -newer "$built" -print -quit)" ]; then
    say "    dashboard/dist is up to date"
    return 0
  fi
  (cd dashboard && npm run --silent build)
}

# The dashboard for the program that is built next; without Node.js the program is built without it.
dashboard_if_possible() {
  if has_node; then
    stage "set-up: the dashboard's packages" need_dashboard_packages
    stage "build the dashboard" need_dashboard_built
  else
    say "    Node.js 20.19 or newer is missing, so the dashboard stays a page that says how to build it; all else works"
  fi
}

need_browser() {
  local name
  for name in chromium chromium-browser google-chrome; do
    if has "$name"; then
      MAINSTAY_TEST_CHROMIUM=$(command -v "$name")
      export MAINSTAY_TEST_CHROMIUM
      return 0
    fi
  done
  if apt_install chromium && has chromium; then
    MAINSTAY_TEST_CHROMIUM=$(command -v chromium)
    export MAINSTAY_TEST_CHROMIUM
    return 0
  fi
  fail "Chromium is missing, and the browser tests need it. Install the package chromium and run this again"
}

# A library that lies about the time, for the one test that puts the clock back. Where it cannot be installed, that test says
# that it was skipped.
need_faketime() {
  local folder
  for folder in /usr/lib/*-linux-gnu /usr/lib /usr/local/lib; do
    [ -e "$folder/faketime/libfaketimeMT.so.1" ] && return 0
  done
  apt_install faketime ||
    say "    libfaketime is missing and could not be installed, so the test of a clock that is put back is skipped. Install the package faketime to run it"
}

# Where PostgreSQL's server programs are; Debian keeps them off the PATH.
postgres_programs() {
  local folder found=""
  for folder in /usr/lib/postgresql/*/bin /usr/local/pgsql/bin /opt/homebrew/opt/postgresql*/bin; do
    [ -x "$folder/initdb" ] && found=$folder
  done
  if [ -z "$found" ] && has initdb && has pg_ctl; then
    found=$(dirname "$(command -v initdb)")
  fi
  [ -n "$found" ] && printf '%s' "$found"
}

need_postgres() {
  postgres_programs >/dev/null && return 0
  # Debian would start a server of its own on port 5432; the tests want none but their own.
  if [ -d /etc/postgresql-common ] || ! has apt-get; then :; elif [ "$(id -u)" -eq 0 ]; then
    mkdir -p /etc/postgresql-common && printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
  fi
  apt_install postgresql || true
  postgres_programs >/dev/null ||
    fail "PostgreSQL's server programs are missing. Install the package postgresql, or name a server for tests in MAINSTAY_TEST_POSTGRES, and run this again"
}
