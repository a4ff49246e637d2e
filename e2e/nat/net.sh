#!/usr/bin/env bash
# A little internet on one machine: hosts in network namespaces of their own around the
# namespace that this is run in, which is the outside, 203.0.113.1 (RFC 5737). Run it within
# e2e/isolated.sh, so that nothing of it is seen from elsewhere, and all of it ends with what
# runs there.
#
#   net.sh check          says whether this machine can do it, and why not
#   net.sh homes COUNT    homes behind routers that masquerade
#   net.sh lines COUNT    hosts on the outside, each behind a line with a rate of its own
#   net.sh limit I RATE   lets no more than so many bit/s through to line I from now on
#   net.sh cut|mend I     lets nothing through to line I, and all again
#   net.sh move I         gives line I another address
#   net.sh down           takes it all away
#
#   home1 10.1.0.2 ── router1 203.0.113.11 ─┐
#                                           ├─ internet (bridge) 203.0.113.1
#   line1 203.0.113.21 ──(so many bit/s)────┘
#
# Run something in one of them with: ip netns exec home1 COMMAND
# The homes' routers drop what nobody inside asked for, as real ones do. (Without the drop,
# a packet that comes too early from outside takes the port's place in the router's table,
# and the home's own packet gets another port.)
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

outside=203.0.113
# Milliseconds of traffic that wait in front of a line, as at a modem, before packets are
# dropped; bytes that come through at one go.
queue=120
burst=6000

# Named namespaces are kept where only this mount namespace sees them, whatever names there
# are outside, or were left by a run that was killed.
names() {
	mkdir -p /run/netns
	mount -t tmpfs tmpfs /run/netns
}

internet() {
	names
	ip link add internet type bridge
	ip addr add $outside.1/24 dev internet
	ip link set lo up
	ip link set internet up
}

host() { # NAME
	ip netns add "$1"
	ip -n "$1" link set lo up
}

home() { # NUMBER
	local router=router$1 view=home$1
	host "$router"
	host "$view"
	ip link add "wan$1" type veth peer name wan netns "$router"
	ip link set "wan$1" master internet up
	ip -n "$router" addr add "$outside.1$1/24" dev wan
	ip -n "$router" link set wan up
	ip link add lan netns "$router" type veth peer name eth0 netns "$view"
	ip -n "$router" addr add "10.$1.0.1/24" dev lan
	ip -n "$router" link set lan up
	ip -n "$view" addr add "10.$1.0.2/24" dev eth0
	ip -n "$view" link set eth0 up
	ip -n "$view" route add default via "10.$1.0.1"
	ip netns exec "$router" sysctl -qw net.ipv4.ip_forward=1
	ip netns exec "$router" nft -f - <<-RULES
		table ip home {
			chain out { type nat hook postrouting priority srcnat; oifname "wan" masquerade; }
			chain in {
				type filter hook input priority filter; policy accept;
				iifname "wan" ct state new drop
			}
			chain through {
				type filter hook forward priority filter; policy drop;
				iifname "lan" accept
				ct state established,related accept
			}
		}
	RULES
}

line() { # NUMBER
	host "line$1"
	ip link add "to$1" type veth peer name eth0 netns "line$1"
	ip link set "to$1" master internet up
	ip -n "line$1" addr add "$outside.2$1/24" dev eth0
	ip -n "line$1" link set eth0 up
	ip -n "line$1" route add default via $outside.1
}

check() {
	for tool in ip nft; do
		command -v $tool >/dev/null || { echo "net: needs $tool" >&2; return 1; }
	done
	names
	if ! { ip netns add probe && ip link add probe netns probe type veth peer name p1 netns probe &&
		printf 'table ip t { chain c { type nat hook postrouting priority srcnat; oifname "p1" masquerade; }; }' |
		ip netns exec probe nft -f -; } 2>/dev/null; then
		ip netns del probe 2>/dev/null || true
		echo "net: this kernel or container allows no namespaces, veth or nftables masquerade" >&2
		return 1
	fi
	ip netns del probe
}

down() {
	local space
	for space in /run/netns/*; do ip netns del "${space##*/}"; done
	ip link del internet
}

case "${1:-}" in
check) check ;;
homes | lines)
	internet
	for ((i = 1; i <= $2; i++)); do "${1%s}" "$i"; done
	;;
limit) tc qdisc replace dev "to$2" root tbf rate "$3" burst $burst latency ${queue}ms ;;
cut) ip link set "to$2" down ;;
mend) ip link set "to$2" up ;;
move)
	ip -n "line$2" addr flush dev eth0
	ip -n "line$2" addr add "$outside.12$2/24" dev eth0
	ip -n "line$2" route replace default via $outside.1
	;;
down) down ;;
*)
	sed -n '2,23s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
