#!/usr/bin/env bash
# all.sh [NAME]...: the measurements, one after the other, each in a network namespace
# of its own. Figures are printed as tables and kept in bench/out/NAME.json. A NAME is a
# script of this folder, a scene (bench/swarm.js lists them) as swarm/NAME, or swarm for
# all scenes and all that is measured with browsers beside them. EXTRA is handed on, as
# in EXTRA="--seconds=20 --viewers=10" for a trial.
set -uo pipefail
cd "$(dirname "$0")/.."

swarm=(swarm/steady swarm/renditions swarm/churn swarm/join swarm/flat swarm/cut
	swarm/kill-stripe swarm/kill-half swarm/order browsers cost others)
names=()
for name in "${@:-default}"; do
	case $name in
	default) names+=(latency first-frame offload viewers usage nat) ;;
	swarm) names+=("${swarm[@]}") ;;
	*) names+=("$name") ;;
	esac
done

failed=()
for name in "${names[@]}"; do
	case $name in
	swarm/*) what=(bench/swarm.js "${name#swarm/}") ;;
	*) what=("bench/$name.js") ;;
	esac
	# shellcheck disable=SC2086 # EXTRA is words
	e2e/isolated.sh node "${what[@]}" ${EXTRA:-} || failed+=("$name")
done
echo "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
if [[ ${#failed[@]} -gt 0 ]]; then
	echo "missed a target, or failed: ${failed[*]}" >&2
	exit 1
fi
