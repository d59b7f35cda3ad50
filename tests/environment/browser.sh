#!/usr/bin/env bash
# Installs what the example app's front end is built with and the browser that drives it.
# usage: browser.sh TARGET_DIR [--without-browser]
# Does nothing when all is there. Takes the browser that CHROMIUM names, else Debian's Chromium; takes
# the Node.js of this machine, else the npm registry's, in TARGET_DIR/node, where this one is too old.
set -euo pipefail
mkdir -p "$1"
target=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
# What Vite runs on.
oldest_node=20.19.0
# What is brought along where the machine's own is older, as Debian 12's is.
brought_node=22.23.5

say() { echo "browser: $*" >&2; }

install() { # install PACKAGE ...
  local sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  say "installing $*"
  $sudo apt-get update -qq || true
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

new_enough() { # new_enough NODE
  local version
  version=$("$1" --version 2>/dev/null) || return 1
  [ "$(printf '%s\n' "$oldest_node" "${version#v}" | sort -V | head -n 1)" = "$oldest_node" ]
}

node_js() {
  command -v npm >/dev/null || install nodejs npm
  new_enough node && return
  [ -x "$target/node/bin/node" ] && new_enough "$target/node/bin/node" && return
  local machine
  case $(uname -m) in
    x86_64) machine=linux-x64 ;;
    aarch64 | arm64) machine=linux-arm64 ;;
    *) say "Node.js $oldest_node or newer is needed; here is $(node --version)"; exit 1 ;;
  esac
  say "Node.js $(node --version) is too old; bringing $brought_node along"
  npm install --silent --no-audit --no-fund --prefix "$target/node" "node-$machine@$brought_node"
  mkdir -p "$target/node/bin"
  ln -sf "../node_modules/node-$machine/bin/node" "$target/node/bin/node"
}

modules() { # modules FOLDER: node_modules as its lock file says
  local folder=$root/$1 stamp
  stamp=$(cat "$folder/package.json" "$folder/package-lock.json" | sha256sum)
  [ "$(cat "$folder/node_modules/made-from.sha256" 2>/dev/null)" = "$stamp" ] && return
  say "making $1/node_modules"
  (cd "$folder" && npm ci --silent --no-audit --no-fund --ignore-scripts)
  echo "$stamp" >"$folder/node_modules/made-from.sha256"
}

chromium() {
  local program=${CHROMIUM:-/usr/bin/chromium}
  [ -x "$program" ] && return
  if [ -z "${CHROMIUM:-}" ] && command -v apt-get >/dev/null; then
    # With a font: without any, a page is blank.
    install chromium fonts-dejavu-core || true
  fi
  [ -x "$program" ] && return
  say "no Chromium at $program, and it could not be installed (Debian: apt-get install chromium)"
  say "the browser tests need one: name yours with CHROMIUM=/path/to/chromium"
  exit 1
}

node_js
[ ! -d "$target/node/bin" ] || export PATH="$target/node/bin:$PATH"
modules tests/app/front
[ "${2:-}" = --without-browser ] && exit
modules tests/browser
chromium
