#!/usr/bin/env bash
# Measures the trigger through the Lambda Runtime API on this machine: start, memory, what a warm
# sign-in costs beside its hash, hashes at Lambda's CPU shares; beside the same trigger written in
# Node and in Python, on the same database.
# usage: run.sh [SIGN_INS]      (default 40 each; `make bench` calls this with the databases up)
# Needs CUTOVER_TEST_POSTGRES_URL, which tests/environment/databases.sh sets.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
target=$root/target
python=${CUTOVER_TEST_PYTHON:-$target/python/bin/python}
[ -x "$python" ] || { echo "bench: no Python with Django at $python; run 'make python'" >&2; exit 2; }

program=${CUTOVER_BENCH_PROGRAM:-$target/release/user-migration-trigger}
[ -n "${CUTOVER_BENCH_PROGRAM:-}" ] ||
  cargo build --locked --quiet --release --manifest-path "$root/Cargo.toml" -p user-migration-trigger
if ! cmp -s "$here/package.json" "$target/bench-node/package.json"; then
  mkdir -p "$target/bench-node"
  cp "$here/package.json" "$target/bench-node/"
  (cd "$target/bench-node" && npm install --silent --no-audit --no-fund --ignore-scripts)
fi
NODE_PATH=$target/bench-node/node_modules "$python" "$here/measure.py" "$program" "${1:-40}"
"$python" "$here/claims.py" "$program" "${1:-40}"
"$python" "$here/look_ups.py" "$program"
programs=$(dirname "$program")
[ -n "${CUTOVER_BENCH_PROGRAM:-}" ] ||
  cargo build --locked --quiet --release --manifest-path "$root/Cargo.toml" -p cutover
"$python" "$here/flood.py" "$programs" 20 1000
