#!/usr/bin/env bash
# isolated.sh COMMAND...: runs COMMAND in a network namespace of its own that holds
# nothing but a loopback of Ethernet's packet size. What the daemon sends can then be
# counted there, and nothing can reach, or be reached from, outside.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

as=()
if [[ $(id -u) -ne 0 ]]; then
	as=(--user --map-root-user)
fi
exec unshare "${as[@]}" --net --mount --fork --kill-child bash -c '
	ip link set lo mtu 1500 up
	exec "$@"
' isolated "$@"
