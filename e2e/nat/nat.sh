#!/bin/sh
# A little internet in network namespaces: one server, and two homes behind a NAT each.
#
#   nat.sh check          says whether this machine can do it, and why not
#   nat.sh up NAME        makes it; NAME has at most 6 characters
#   nat.sh down NAME      ends what runs inside and takes it away
#
#   NAME-server           203.0.113.1, the outside
#   NAME-nat1, NAME-nat2  the homes' routers, 203.0.113.11 and .12 outside
#   NAME-view1, -view2    one machine in each home, 192.168.1.2 and 192.168.2.2
#
# Run something in one of them with: ip netns exec NAME-view1 COMMAND
# The homes' routers masquerade with nftables and drop what nobody inside asked for,
# as real ones do. (Without the drop, a packet that comes too early from outside takes
# the port's place in the router's table, and the home's own packet gets another port.)
set -eu

outside=203.0.113

check() {
	[ "$(id -u)" = 0 ] || { echo "nat: needs root for network namespaces" >&2; return 1; }
	for tool in ip nft; do
		command -v $tool >/dev/null || { echo "nat: needs $tool" >&2; return 1; }
	done
	probe="lrp$$"
	if ! { ip netns add "$probe" && ip link add "$probe" netns "$probe" type veth peer name p1 netns "$probe" &&
		printf 'table ip t { chain c { type nat hook postrouting priority srcnat; oifname "p1" masquerade; }; }' |
		ip netns exec "$probe" nft -f -; } 2>/dev/null; then
		ip netns del "$probe" 2>/dev/null || true
		echo "nat: this kernel or container allows no namespaces, veth or nftables masquerade" >&2
		return 1
	fi
	ip netns del "$probe"
}

home() { # NAME NUMBER
	nat="$1-nat$2" view="$1-view$2" lan="192.168.$2"
	ip netns add "$nat"
	ip netns add "$view"
	ip link add wan netns "$nat" type veth peer name "home$2" netns "$1-server"
	ip -n "$1-server" link set "home$2" master outside up
	ip link add lan netns "$nat" type veth peer name eth0 netns "$view"
	ip -n "$nat" addr add "$outside.1$2/24" dev wan
	ip -n "$nat" addr add "$lan.1/24" dev lan
	ip -n "$view" addr add "$lan.2/24" dev eth0
	for device in lo wan lan; do ip -n "$nat" link set $device up; done
	for device in lo eth0; do ip -n "$view" link set $device up; done
	ip -n "$view" route add default via "$lan.1"
	ip netns exec "$nat" sysctl -qw net.ipv4.ip_forward=1
	ip netns exec "$nat" nft -f - <<-RULES
		table ip home {
			chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
			chain in {
				type filter hook input priority filter; policy accept;
				iifname "wan" ct state new drop
			}
			chain through {
				type filter hook forward priority filter; policy accept;
				iifname "wan" ct state new drop
			}
		}
	RULES
}

up() {
	down "$1"
	ip netns add "$1-server"
	ip -n "$1-server" link set lo up
	ip -n "$1-server" link add outside type bridge
	ip -n "$1-server" addr add "$outside.1/24" dev outside
	ip -n "$1-server" link set outside up
	home "$1" 1
	home "$1" 2
}

down() {
	for space in server nat1 nat2 view1 view2; do
		[ -e "/run/netns/$1-$space" ] || continue
		for pid in $(ip netns pids "$1-$space"); do kill "$pid" 2>/dev/null || true; done
		ip netns del "$1-$space"
	done
}

case "${1:-}" in
check) check ;;
up) up "$2" ;;
down) down "$2" ;;
*) sed -n '2,17s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
