#!/bin/sh
# Makes NAME.sql and NAME.json of the applications named, or of all: each with a Python environment of
# its own under target/applications, from the package registry.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=$(cd "$here/../.." && pwd)/target/applications
names=${*:-$(cd "$here" && for file in */requirements.txt; do dirname "$file"; done)}
for name in $names; do
    work=$target/$name
    mkdir -p "$work"
    if [ ! -x "$work/python/bin/python" ]; then
        "${PYTHON:-python3}" -m venv "$work/python"
        "$work/python/bin/pip" install --quiet --requirement "$here/$name/requirements.txt"
    fi
    rm -rf "$work/database.sqlite3" "$work/home"
    "$work/python/bin/python" "$here/make.py" "$name" "$work"
    echo "$name: $(wc -c < "$here/$name.sql") bytes"
done
