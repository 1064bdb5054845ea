#!/bin/sh
# Installs the npm packages and builds the Go programs where they are missing or stale; says nothing when all is there.
set -eu
cd -- "$(dirname -- "$0")/.."

missing() {
  echo "Cannot set up Holdfast: $1" >&2
  exit 1
}

command -v git >/dev/null 2>&1 || missing "git is not installed; install git 2.39 or newer with your package manager"
command -v go >/dev/null 2>&1 || missing "Go is not installed; install Go 1.26 or newer from https://go.dev/dl and put it on the PATH"

if ! cmp -s package-lock.json node_modules/.holdfast-installed; then
  command -v node >/dev/null 2>&1 || missing "Node is not installed; install Node 20 or newer, with npm, from https://nodejs.org"
  command -v npm >/dev/null 2>&1 || missing "npm is not installed; it comes with Node from https://nodejs.org"
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 20 ] || missing "Node $(node --version) is too old; install Node 20 or newer from https://nodejs.org"
  echo "installing npm packages, under a minute…" >&2
  # npm itself may run on a Node older than the packages want: they run on the one that comes with them.
  npm ci --loglevel=error --no-update-notifier --no-engine-strict --include=dev --include=optional >&2 ||
    missing "npm ci failed, see above; it needs the npm registry or a mirror of it"
  pinned=node_modules/.bin/node
  if [ -e "$pinned" ] && ! "$pinned" --version >/dev/null 2>&1; then
    echo "the Node from npm does not run on this system (it needs glibc); using the one that is installed" >&2
    rm "$pinned"
  fi
  cp package-lock.json node_modules/.holdfast-installed
fi

exec bin/with-node tools/build-go.ts cluster upstream
