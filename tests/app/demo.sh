#!/usr/bin/env bash
# The example app until Ctrl-C, as `make demo` runs it.
# usage: demo.sh TARGET_DIR   (with the release programs, app-django52 and the front end's node_modules)
set -euo pipefail
target=$(cd "$1" && pwd)
cd "$(dirname "$0")"
[ ! -d "$target/node/bin" ] || export PATH="$target/node/bin:$PATH"
(cd front && npm run --silent build)
exec "$target/app-django52/bin/python" serve.py --programs "$target/release" --front-port 5173 --open
