// Viewers behind lines of their own: hosts on one switch with the daemon, each with a
// rate at which it can be sent to that can be changed at any time. What waits for a slow
// line queues up as at a modem.
//
//	line1 203.0.113.21 ──(so many bit/s)──┐
//	                                       ├─ switch ─ daemon 203.0.113.1
//	line2 203.0.113.22 ──(so many bit/s)──┘

import { publicAddress, shell } from "./nat.js";

/** Milliseconds of traffic that wait in front of a line before packets are dropped. */
const queue = 120;

export class Lines {
	/** Must be built inside a network namespace of its own. @param {number} count */
	static async build(count) {
		await shell(`
			mkdir -p /run/netns
			mountpoint -q /run/netns || mount -t tmpfs tmpfs /run/netns
			ip link add switch type bridge
			ip addr add ${publicAddress}/24 dev switch
			ip link set switch up
		`);
		for (let i = 1; i <= count; i++) {
			await shell(`
				ip netns add line${i}
				ip -n line${i} link set lo up
				ip link add to${i} type veth peer name eth0 netns line${i}
				ip link set to${i} master switch up
				ip -n line${i} addr add 203.0.113.2${i}/24 dev eth0
				ip -n line${i} link set eth0 up
				ip -n line${i} route add default via ${publicAddress}
			`);
		}
		return new Lines(count);
	}

	/** @param {number} count */
	constructor(count) {
		this.count = count;
	}

	/** The command that runs another at the end of line i, from 1. @param {number} i */
	inside(i) {
		return ["ip", "netns", "exec", `line${i}`];
	}

	/**
	 * Lets no more than so many bit/s through to the end of line i from now on.
	 * @param {number} i
	 * @param {number} rate
	 */
	async limit(i, rate) {
		await shell(
			`tc qdisc replace dev to${i} root tbf rate ${Math.round(rate)} burst 6000 latency ${queue}ms`,
		);
	}

	async remove() {
		for (let i = 1; i <= this.count; i++) await shell(`ip netns del line${i}`);
		await shell("ip link del switch");
	}
}
