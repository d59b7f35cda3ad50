#!/usr/bin/env bash
# Builds the function's package, target/function/function.zip: the release build of
# user-migration-trigger as `bootstrap`, and a cutover.toml beside it if one is named. Where that names
# a pool, a snapshot of the pool's schema goes along: asked for here, with your AWS credentials, and
# kept as pool-schema.json beside the file. SCHEMA=keep packs the one that is there, SCHEMA=none none.
# usage: package.sh [ARCHITECTURE] [CUTOVER_TOML] [FOLDER]
# ARCHITECTURE is x86_64 or arm64; this machine's own without it. Another one needs its Rust target
# (rustup target add aarch64-unknown-linux-gnu) and cargo-zigbuild, which also fits any glibc.
# The same program and file always make the same zip.
set -euo pipefail
cd "$(dirname "$0")/.."
limit_bytes=6000000
# Amazon Linux 2023, which provided.al2023 is, has glibc 2.34.
glibc=2.34

say() { echo "package: $*" >&2; }

case $(uname -m) in
  aarch64 | arm64) host=arm64 ;;
  *) host=x86_64 ;;
esac
architecture=${1:-$host}
config=${2:-}
folder=${3:-target/function}
case $architecture in
  arm64) target=aarch64-unknown-linux-gnu ;;
  x86_64) target=x86_64-unknown-linux-gnu ;;
  *) say "no architecture \"$architecture\": x86_64 or arm64"; exit 2 ;;
esac
if [ -n "$config" ] && [ ! -f "$config" ]; then
  say "there is no file $config"
  exit 2
fi

build=(--locked --release -p user-migration-trigger)
if [ "$architecture" = "$host" ]; then
  cargo build "${build[@]}"
  program=target/release/user-migration-trigger
elif command -v cargo-zigbuild >/dev/null; then
  cargo zigbuild "${build[@]}" --target "$target.$glibc"
  program=target/$target/release/user-migration-trigger
else
  say "this machine is $host; for $architecture install cargo-zigbuild (pip install cargo-zigbuild)" \
    "and the target (rustup target add $target), or build on an $architecture machine"
  exit 2
fi

# What the program asks of the C library, against what Lambda has.
needed=$(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
newest=$(printf '%s\nGLIBC_%s\n' "$needed" "$glibc" | sort -V | tail -n 1)
if [ "$newest" != "GLIBC_$glibc" ]; then
  say "the program needs $needed, provided.al2023 has $glibc: build it with cargo-zigbuild" \
    "(cargo zigbuild --target $target.$glibc), or on Amazon Linux 2023"
  exit 1
fi

mkdir -p "$folder"
rm -f "$folder"/{bootstrap,cutover.toml,pool-schema.json,function.zip}
install -m 755 "$program" "$folder/bootstrap"
if [ -n "$config" ]; then
  install -m 644 "$config" "$folder/cutover.toml"
  schema=$(dirname "$config")/pool-schema.json
  if grep -q '^user_pool_id *=' "$config" && [ "${SCHEMA:-ask}" = ask ]; then
    cargo build --locked --release -p cutover
    target/release/cutover --config "$config" pool schema --out "$schema" || {
      say "the pool's schema could not be read; SCHEMA=keep packs $schema as it is, SCHEMA=none none"
      exit 1
    }
  fi
  if [ "${SCHEMA:-ask}" != none ] && [ -f "$schema" ]; then
    install -m 644 "$schema" "$folder/pool-schema.json"
  fi
fi
python3 - "$folder" <<'PYTHON'
import pathlib
import sys
import zipfile

folder = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(folder / "function.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
    for name in ("bootstrap", "cutover.toml", "pool-schema.json"):
        path = folder / name
        if path.exists():
            entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = path.stat().st_mode << 16
            package.writestr(entry, path.read_bytes())
PYTHON
bytes=$(stat -c %s "$folder/function.zip")
say "$folder/function.zip: $bytes bytes, $architecture, needs ${needed/_/ }"
if [ "$bytes" -gt "$limit_bytes" ]; then
  say "that is over $limit_bytes bytes: a bigger package starts later; find out what grew"
  exit 1
fi
