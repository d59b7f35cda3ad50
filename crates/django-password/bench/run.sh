#!/usr/bin/env bash
# Compares django-password with its peers on this machine and prints the tables.
# usage: run.sh [ROUNDS]      (default 9; `make bench` calls this after making the environment)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
python=${CUTOVER_TEST_PYTHON:-$root/target/python/bin/python}
[ -x "$python" ] || { echo "bench: no Python with Django at $python; run 'make python'" >&2; exit 2; }
rounds=${1:-9}

cargo build --locked --quiet --release --manifest-path "$here/Cargo.toml" \
  --target-dir "$root/target/bench"
bench=$root/target/bench/release/django-password-bench

echo "# $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2-), $(nproc) CPUs,$(
  grep -qm1 -w sha_ni /proc/cpuinfo || printf ' no') SHA extensions, medians of $rounds rounds"
last=$(($(nproc) - 1))
printf '\n## One core\n'
taskset -c "$last" "$bench" "$python" "$here/peers.py" one-core "$rounds"
taskset -c "$last" "$bench" "$python" "$here/peers.py" all-cores "$rounds"
printf '\n## All cores, for what has lanes\n'
"$bench" "$python" "$here/peers.py" all-cores "$rounds"
