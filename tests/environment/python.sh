#!/usr/bin/env bash
# Makes the Python environments that the tests compare with: real Django and boto3.
# usage: python.sh TARGET_DIR      (creates TARGET_DIR/python and TARGET_DIR/python-django42)
# Does nothing when an environment already fits its requirements file.
set -euo pipefail
target=$1
root=$(cd "$(dirname "$0")/../.." && pwd)

environment() { # environment FOLDER REQUIREMENTS
  local folder=$target/$1 requirements=$root/$2 stamp
  stamp=$(sha256sum "$requirements" | cut -d' ' -f1)
  [ "$(cat "$folder/requirements.sha256" 2>/dev/null)" = "$stamp" ] && return
  echo "python: making $folder from $2" >&2
  if ! python3 -m venv --clear "$folder" 2>/dev/null; then
    echo "python: python3 has no venv module; on Debian: apt-get install python3-venv" >&2
    exit 1
  fi
  "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
  echo "$stamp" >"$folder/requirements.sha256"
}

mkdir -p "$target"
environment python migrations-fixtures/requirements.txt
environment python-django42 migrations-fixtures/hashes/requirements-django42.txt
