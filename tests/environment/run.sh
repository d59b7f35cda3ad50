#!/usr/bin/env bash
# Runs every test; called by `make test` with the databases up and the Python environments made.
set -euo pipefail
cd "$(dirname "$0")/../.."
# The programs first: the acceptance tests drive them.
cargo build --locked --workspace --bins
cargo test --locked --workspace
target/python/bin/python migrations-fixtures/check.py
