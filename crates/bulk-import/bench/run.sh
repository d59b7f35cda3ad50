#!/usr/bin/env bash
# Measures the bulk import against a local pool, beside boto3 and the AWS SDK in a plain loop.
# usage: run.sh [speed|quotas|memory|weeks [USERS]]   (default: speed, then quotas, which takes two minutes)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
python=${CUTOVER_TEST_PYTHON:-$root/target/python/bin/python}
[ -x "$python" ] || { echo "bench: no Python with Django and boto3 at $python; run 'make python'" >&2; exit 2; }
cd "$root"
cargo build --locked --quiet --release -p cutover -p user-migration-trigger
cargo build --locked --quiet --release -p cognito-user-pool --example plain_loop
export PYTHONDONTWRITEBYTECODE=1
if [ $# -gt 0 ]; then
  exec "$python" "$here/compare.py" "$@"
fi
printf '## Without quotas\n'
"$python" "$here/compare.py" speed
printf '\n## At Cognito'"'"'s default quotas\n'
"$python" "$here/compare.py" quotas
