// Three hosts on one machine: the internet, where the daemon is, and two homes, each
// behind a router of its own that masquerades. Homes have private addresses and reach
// each other only by way of what their routers let through, as in real life.
//
//	home1 10.1.0.2 ── router1 203.0.113.11 ─┐
//	                                        ├─ internet (bridge) 203.0.113.1
//	home2 10.2.0.2 ── router2 203.0.113.12 ─┘
//
// The addresses are of a block that is reserved for documentation (RFC 5737); all of
// it exists inside the namespace of the test only.

import { run } from "./process.js";

/** Where the daemon listens. */
export const publicAddress = "203.0.113.1";

/** @param {string} script */
export async function shell(script) {
	const { code, stderr } = await run("bash", ["-euc", script]);
	if (code !== 0) throw new Error(`${stderr}\nin\n${script}`);
}

/** A small internet. It must be built inside a network namespace of its own. */
export class Internet {
	/** @param {number} homes */
	static async build(homes = 2) {
		// Named namespaces are kept where only this mount namespace sees them.
		await shell(`
			mkdir -p /run/netns
			mountpoint -q /run/netns || mount -t tmpfs tmpfs /run/netns
			ip link add internet type bridge
			ip addr add ${publicAddress}/24 dev internet
			ip link set internet up
		`);
		for (let i = 1; i <= homes; i++) await shell(household(i));
		return new Internet(homes);
	}

	/** @param {number} homes */
	constructor(homes) {
		this.homes = homes;
	}

	/** The command that runs another in home i, from 1. @param {number} i */
	inside(i) {
		return ["ip", "netns", "exec", `home${i}`];
	}

	async remove() {
		for (let i = 1; i <= this.homes; i++) {
			await shell(`ip netns del home${i}; ip netns del router${i}`);
		}
		await shell("ip link del internet");
	}
}

/**
 * A home and its router. The router's mapping is endpoint-independent as far as a
 * port is free (netfilter keeps the source port), and it lets in only answers.
 * @param {number} i
 */
const household = (i) => `
	ip netns add router${i}
	ip netns add home${i}
	ip -n router${i} link set lo up
	ip -n home${i} link set lo up

	ip link add wan${i} type veth peer name wan netns router${i}
	ip link set wan${i} master internet up
	ip -n router${i} addr add 203.0.113.1${i}/24 dev wan
	ip -n router${i} link set wan up

	ip link add lan${i} netns router${i} type veth peer name eth0 netns home${i}
	ip -n router${i} addr add 10.${i}.0.1/24 dev lan${i}
	ip -n router${i} link set lan${i} up
	ip -n home${i} addr add 10.${i}.0.2/24 dev eth0
	ip -n home${i} link set eth0 up
	ip -n home${i} route add default via 10.${i}.0.1

	ip netns exec router${i} sysctl -qw net.ipv4.ip_forward=1
	ip netns exec router${i} nft -f - <<'RULES'
		table ip nat {
			chain out {
				type nat hook postrouting priority 100;
				oifname "wan" masquerade
			}
		}
		table ip filter {
			chain through {
				type filter hook forward priority 0; policy drop;
				iifname "lan${i}" accept
				ct state established,related accept
			}
			chain in {
				type filter hook input priority 0; policy accept;
				iifname "wan" ct state new drop
			}
		}
RULES
`;
