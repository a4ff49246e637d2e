#!/usr/bin/env bash
# all.sh [NAME]...: the measurements, one after the other, each in a network namespace
# of its own. Figures are printed as tables and kept in bench/out/NAME.json.
set -euo pipefail
cd "$(dirname "$0")/.."

names=("$@")
if [[ ${#names[@]} -eq 0 ]]; then
	names=(latency offload viewers usage nat)
fi
failed=0
for name in "${names[@]}"; do
	e2e/isolated.sh node "bench/$name.js" || failed=$((failed + 1))
done
exit "$failed"
