#!/usr/bin/env bash
# fuzz.sh [TIME]: runs every fuzz target of the module for TIME (default 10s), one
# after the other. Fails on the first finding; go keeps the input in testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:-10s}
run=0
for dir in $(go list -f '{{.Dir}}' ./...); do
	for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$dir"/*_test.go 2>/dev/null | sed 's/^func //'); do
		echo "== $target in ${dir#"$PWD"/}"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$dir"
		run=$((run + 1))
	done
done
echo "$run passed, 0 failed"
