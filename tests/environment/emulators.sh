#!/usr/bin/env bash
# Installs the emulators and clients of other people that the tests compare ours with, at the
# versions that emulators/ pins.
# usage: emulators.sh TARGET_DIR   (creates in it python-emulators, node-emulators and lambda-rie)
# Does nothing when they are there already. On Debian it installs Node.js if there is none.
set -euo pipefail
mkdir -p "$1"
target=$(cd "$1" && pwd)
pins=$(cd "$(dirname "$0")" && pwd)/emulators

say() { echo "emulators: $*" >&2; }

fits() { # fits FOLDER FILE ...: was the folder made from these files as they are?
  [ "$(cat "$target/$1/made-from.sha256" 2>/dev/null)" = "$(cat "${@:2}" | sha256sum)" ]
}

made() { # made FOLDER FILE ...
  cat "${@:2}" | sha256sum >"$target/$1/made-from.sha256"
}

python_emulators() { # moto, MiniStack, microburst
  local folder=$target/python-emulators
  fits python-emulators "$pins/requirements.txt" && return
  say "making $folder"
  if ! python3 -m venv --clear "$folder" 2>/dev/null; then
    say "python3 has no venv module; on Debian: apt-get install python3-venv"
    exit 1
  fi
  "$folder/bin/pip" install --quiet --disable-pip-version-check --no-compile --no-deps \
    -r "$pins/requirements.txt"
  made python-emulators "$pins/requirements.txt"
}

lambda_rie() { # AWS's Lambda runtime interface emulator, which the SAM CLI brings along
  local folder=$target/lambda-rie machine wheel
  fits lambda-rie "$pins/requirements-rie.txt" && return
  say "making $folder"
  case $(uname -m) in
    x86_64) machine=x86_64 ;;
    aarch64 | arm64) machine=arm64 ;;
    *) say "AWS has no runtime interface emulator for $(uname -m)"; exit 1 ;;
  esac
  rm -rf "$folder"
  mkdir -p "$folder"
  "$target/python-emulators/bin/pip" download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --dest "$folder" -r "$pins/requirements-rie.txt"
  wheel=$(echo "$folder"/*.whl)
  python3 - "$wheel" "samcli/local/rapid/aws-lambda-rie-$machine" "$folder/aws-lambda-rie" <<'PYTHON'
import sys, zipfile
wheel, member, program = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive, open(program, "wb") as file:
    file.write(archive.read(member))
PYTHON
  chmod +x "$folder/aws-lambda-rie"
  rm "$wheel"
  made lambda-rie "$pins/requirements-rie.txt"
}

node_emulators() { # cognito-local, amazon-cognito-identity-js, aws-jwt-verify
  local folder=$target/node-emulators
  fits node-emulators "$pins/package.json" "$pins/package-lock.json" && return
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    say "installing Node.js"
    local sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
  fi
  say "making $folder"
  rm -rf "$folder"
  mkdir -p "$folder"
  cp "$pins/package.json" "$pins/package-lock.json" "$folder"
  (cd "$folder" && npm ci --silent --no-audit --no-fund --ignore-scripts)
  made node-emulators "$pins/package.json" "$pins/package-lock.json"
}

# Beside each other: mostly waiting for the network.
(python_emulators; lambda_rie) &
python=$!
(node_emulators) &
node=$!
failed=0
wait "$python" || failed=1
wait "$node" || failed=1
[ "$failed" = 0 ] || { say "failed; see above"; exit 1; }
