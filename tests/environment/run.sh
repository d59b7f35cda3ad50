#!/usr/bin/env bash
# Runs every test; called by `make test` with the databases up and the Python environments made.
set -euo pipefail
cd "$(dirname "$0")/../.."
# The programs first: the acceptance tests drive them. With the tests, so that both are of one build.
cargo build --locked --workspace --bins --tests
tests/environment/app.sh
cargo test --locked --workspace
target/python/bin/python migrations-fixtures/check.py
