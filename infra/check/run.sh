#!/usr/bin/env bash
# Checks the templates by other people's tools, deploys them with the real package into MiniStack,
# and lets the function there answer one event of each kind.
# usage: run.sh      (`make infra-check` calls it after making the emulators)
# Needs nothing of AWS: no account, no network but for installing.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$PWD/target
work=$target/infra-check

environment() { # environment FOLDER REQUIREMENTS
  local folder=$target/$1 stamp
  stamp=$(sha256sum "$2" | cut -d' ' -f1)
  [ "$(cat "$folder/requirements.sha256" 2>/dev/null)" = "$stamp" ] && return
  echo "infra-check: making $folder" >&2
  python3 -m venv --clear "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check -r "$2"
  echo "$stamp" >"$folder/requirements.sha256"
}
environment python-infra infra/check/requirements.txt
environment python-checkov infra/check/requirements-checkov.txt
environment python-moto infra/check/requirements-moto.txt
export SAM_CLI_TELEMETRY=0 AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null

echo "infra-check: cfn-lint, sam validate, checkov" >&2
templates=(infra/function.yaml infra/rehearsal-pool.yaml infra/probe-function.yaml infra/import-task.yaml)
"$target/python-infra/bin/cfn-lint" --regions eu-west-1 -- "${templates[@]}"
for template in "${templates[@]}"; do
  "$target/python-infra/bin/sam" validate --lint --region eu-west-1 --template "$template" >&2
done
"$target/python-checkov/bin/checkov" --skip-download --compact --quiet \
  --file "${templates[@]}" >&2

AWS_EC2_METADATA_DISABLED=true "$target/python-moto/bin/python" infra/check/import_host.py "$target/python-moto"

# As the tests build it: other features would build every dependency anew.
cargo build --locked --workspace --bins --tests
mkdir -p "$work"
infra/package.sh "" migrations-fixtures/cutover.toml "$work"
# The same template with this package, and without the two alarms that calculate: MiniStack has no
# metric math. They are checked by the linters alone.
awk '/^  (Outage|Death)Alarm:$/ { skip = 1; next } /^  [^ ]/ { skip = 0 } !skip' infra/function.yaml |
  sed 's#^\( *CodeUri: \).*#\1function.zip#' >"$work/function.yaml"
"$target/python-emulators/bin/python" infra/check/deployed.py "$target" "$work"
