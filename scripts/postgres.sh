# Sourced: a PostgreSQL server for the length of a test run, on a free port, in a folder of its own. A server that is
# already running on this machine is never touched.
# shellcheck shell=bash

postgres_folder=""
postgres_as=()

start_postgres() {
  if [ -n "${MAINSTAY_TEST_POSTGRES:-}" ]; then
    say "    using the server named in MAINSTAY_TEST_POSTGRES"
    return 0
  fi
  local programs port attempt
  programs=$(postgres_programs) || return 1
  postgres_folder=$(mktemp -d "${TMPDIR:-/tmp}/mainstay-postgres.XXXXXX")
  if [ "$(id -u)" -eq 0 ]; then
    # The server refuses to run as root.
    id postgres >/dev/null 2>&1 || useradd --system --no-create-home postgres || return 1
    chown postgres "$postgres_folder"
    postgres_as=(runuser -u postgres --)
  fi
  (cd "$postgres_folder" && "${postgres_as[@]}" "$programs/initdb" --pgdata="$postgres_folder/data" --username=postgres \
    --auth=trust --encoding=UTF8 --locale=C --no-sync >"$postgres_folder/initdb.log" 2>&1) || {
    cat "$postgres_folder/initdb.log" >&2
    return 1
  }
  # Between choosing a port and taking it, somebody else may have taken it.
  for attempt in 1 2 3; do
    port=$(free_port) || return 1
    # Durability is not what these tests are about, so the server does not wait for the disk.
    if (cd "$postgres_folder" && "${postgres_as[@]}" "$programs/pg_ctl" start --silent --wait --timeout=30 \
      --pgdata="$postgres_folder/data" --log="$postgres_folder/data/server.log" \
      --options="-p $port -k $postgres_folder -c listen_addresses=127.0.0.1 -c max_connections=300 -c fsync=off -c full_page_writes=off -c synchronous_commit=off"); then
      MAINSTAY_TEST_POSTGRES="postgresql://postgres@127.0.0.1:$port/postgres"
      export MAINSTAY_TEST_POSTGRES
      say "    $("$programs/postgres" --version) on 127.0.0.1:$port until the tests are done"
      return 0
    fi
    say "    attempt $attempt on port $port failed"
  done
  cat "$postgres_folder/data/server.log" >&2
  return 1
}

stop_postgres() {
  [ -n "$postgres_folder" ] || return 0
  local programs folder=$postgres_folder
  postgres_folder=""
  if programs=$(postgres_programs); then
    (cd "$folder" && "${postgres_as[@]}" "$programs/pg_ctl" stop --silent --mode=immediate --pgdata="$folder/data") || true
  fi
  rm -rf -- "$folder"
}
