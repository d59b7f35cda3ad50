#!/usr/bin/env bash
# Runs this crate's tests as on a CPU without SHA instructions: our own use of them left out, sha2's
# and sha1's software implementations chosen at compile time.
# usage: portable.sh [ARGUMENTS OF cargo test]
set -euo pipefail
cd "$(dirname "$0")/.."
export RUSTFLAGS='--cfg django_password_portable --cfg sha2_backend="soft" --cfg sha1_backend="soft"'
cargo test --locked -p django-password --target-dir "${PORTABLE_TARGET:-../../target/portable}" "$@"
