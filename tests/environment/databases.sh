#!/usr/bin/env bash
# Runs a command with a PostgreSQL and a MySQL/MariaDB server to test against.
# usage: databases.sh COMMAND [ARG ...]
# Takes what CUTOVER_TEST_POSTGRES_URL / CUTOVER_TEST_MYSQL_URL name, else what runs on this
# machine, else installs the servers (Debian) and starts its own in a temporary folder. Stops at
# the end only what it started.
set -euo pipefail
# Not below the checkout: the servers' own users may have no way into it.
state=$(mktemp -d "${TMPDIR:-/tmp}/cutover-databases.XXXXXX")
chmod 755 "$state"
started=()

finish() {
  local pid
  for pid in "${started[@]:-}"; do
    [ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
  done
  rm -rf "$state"
}
trap finish EXIT

say() { echo "databases: $*" >&2; }

install() { # install PACKAGE ...
  say "installing $*"
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  # A new machine may have no package lists yet; installed servers must not start by themselves.
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $sudo apt-get install -y -qq "$@" >/dev/null
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

answers() { # answers PORT: does somebody listen there?
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

await() { # await PORT WHAT
  local _
  for _ in $(seq 300); do
    answers "$1" && return
    sleep 0.1
  done
  say "$2 did not start within 30 s; its log:"
  tail -n 20 "$state"/*.log >&2
  exit 1
}

as_server_user() { # PostgreSQL refuses to run as root.
  if [ "$(id -u)" = 0 ]; then
    chown -R "$1" "$state/$2"
    exec setpriv --reuid "$1" --regid "$1" --clear-groups "${@:3}"
  fi
  exec "${@:3}"
}

postgres_here() {
  answers 5432 || return 1
  local user
  for user in root postgres "$(id -un)"; do
    if psql -h 127.0.0.1 -U "$user" -d postgres -qtAc 'create temporary table t ()' >/dev/null 2>&1; then
      export CUTOVER_TEST_POSTGRES_URL="postgres://$user@127.0.0.1:5432/postgres"
      return
    fi
  done
  return 1
}

own_postgres() {
  local bin port
  compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || install postgresql
  bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | sort -V | tail -n 1)")
  port=$(free_port)
  mkdir -p "$state/postgres"
  (as_server_user postgres postgres "$bin/initdb" -D "$state/postgres/data" -A trust -U postgres >"$state/postgres.log" 2>&1)
  (as_server_user postgres postgres "$bin/postgres" -D "$state/postgres/data" -p "$port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off >>"$state/postgres.log" 2>&1) &
  started+=($!)
  await "$port" PostgreSQL
  export CUTOVER_TEST_POSTGRES_URL="postgres://postgres@127.0.0.1:$port/postgres"
  say "started PostgreSQL on port $port"
}

mysql_here() {
  answers 3306 || return 1
  mariadb -h 127.0.0.1 -u root -e 'select 1' >/dev/null 2>&1 || return 1
  export CUTOVER_TEST_MYSQL_URL="mysql://root@127.0.0.1:3306/mysql"
}

own_mysql() {
  local port
  command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || install mariadb-server
  port=$(free_port)
  mkdir -p "$state/mariadb/data"
  (as_server_user mysql mariadb mariadb-install-db --no-defaults --datadir="$state/mariadb/data" \
    --auth-root-authentication-method=normal --skip-test-db >"$state/mariadb.log" 2>&1)
  (as_server_user mysql mariadb /usr/sbin/mariadbd --no-defaults --datadir="$state/mariadb/data" \
    --port="$port" --bind-address=127.0.0.1 --socket="$state/mariadb/socket" \
    --pid-file="$state/mariadb/pid" --skip-log-bin >>"$state/mariadb.log" 2>&1) &
  started+=($!)
  await "$port" MariaDB
  export CUTOVER_TEST_MYSQL_URL="mysql://root@127.0.0.1:$port/mysql"
  say "started MariaDB on port $port"
}

[ -n "${CUTOVER_TEST_POSTGRES_URL:-}" ] || postgres_here || own_postgres
[ -n "${CUTOVER_TEST_MYSQL_URL:-}" ] || mysql_here || own_mysql
# The tests start it themselves, before the PostgreSQL above.
command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || install pgbouncer
# Not ours: what decrypts the files that an import encrypts.
command -v age >/dev/null || install age
"$@"
