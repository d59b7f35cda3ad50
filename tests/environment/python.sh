#!/usr/bin/env bash
# Makes the Python environments of the tests: real Django and boto3 to compare with, and one for each
# Django that cutover-django is tested under.
# usage: python.sh TARGET_DIR [ENVIRONMENT ...]    (all of them unless named)
# Creates TARGET_DIR/ENVIRONMENT; does nothing when it already fits its requirements file.
set -euo pipefail
mkdir -p "$1"
target=$(cd "$1" && pwd)
shift
root=$(cd "$(dirname "$0")/../.." && pwd)

say() { echo "python: $*" >&2; }

requirements() { # requirements ENVIRONMENT: what it is made from
  case $1 in
    python) echo migrations-fixtures/requirements.txt ;;
    python-django42) echo migrations-fixtures/hashes/requirements-django42.txt ;;
    app-django42) echo django/tests/requirements-django42.txt ;;
    app-django52) echo django/tests/requirements-django52.txt ;;
    app-newest) echo django/tests/requirements-newest.txt ;;
    app-lint) echo django/tests/requirements-lint.txt ;;
    *) say "there is no environment $1"; exit 2 ;;
  esac
}

is_python312() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null
}

python312() { # The newest Django runs on no older one.
  local candidate
  for candidate in python3 python3.14 python3.13 python3.12 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9].*/bin/python3; do
    is_python312 "$candidate" && { echo "$candidate"; return; }
  done
  return 1
}

environment() { # environment NAME
  local folder=$target/$1 python=python3 file stamp
  file=$root/$(requirements "$1")
  stamp=$(sha256sum "$file" | cut -d' ' -f1)
  [ "$(cat "$folder/requirements.sha256" 2>/dev/null)" = "$stamp" ] && return
  if [ "$1" = app-newest ] && ! python=$(python312); then
    say "left out: $1; the newest Django needs Python 3.12 or newer, and none is here"
    return
  fi
  say "making $folder"
  if ! "$python" -m venv --clear "$folder" 2>/dev/null; then
    say "$python has no venv module; on Debian: apt-get install python3-venv"
    exit 1
  fi
  "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$file"
  echo "$stamp" >"$folder/requirements.sha256"
}

[ $# -gt 0 ] || set -- python python-django42 app-django42 app-django52 app-newest
for name in "$@"; do
  environment "$name"
done
