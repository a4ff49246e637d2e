#!/usr/bin/env bash
# Builds the player anew and compares it with the bundle that is checked in, so that
# nobody who builds the daemon needs Node. Fails when they differ; leaves the new one.
set -euo pipefail
cd "$(dirname "$0")/.."

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
cp -a player/dist/. "$before"
npm run --silent build --workspace player
if ! diff -rq "$before" player/dist; then
	echo "player/dist is not what its sources build: run 'make bundle' and commit the result" >&2
	exit 1
fi
echo "player/dist is what its sources build"
