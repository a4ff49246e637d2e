// Counts, outside of the daemon, what it sends: nftables counters by source port on
// the one interface of the test's network namespace. Sizes are of IP packets.

import { run } from "./process.js";

/** Who asks from here is no viewer: what it is sent is not counted. */
export const onlooker = "127.0.0.2";

/** @param {string} rules */
async function nft(rules) {
	const { code, stderr } = await run("nft", ["-f", "-"], { input: rules });
	if (code !== 0) throw new Error(`nft: ${stderr}`);
}

/** Counters of what leaves a daemon towards viewers. */
export class Counters {
	/**
	 * @param {Partial<import("./daemon.js").Ports> & { http: number, stun: number }} ports
	 * @param {number} [also] another TCP port that serves viewers
	 */
	static async start(ports, also = ports.http) {
		const served = [...new Set([ports.http, also])].join(", ");
		// A table that is only flushed keeps its counters: it goes and comes anew.
		await nft(`table inet e2e {}
delete table inet e2e
table inet e2e {
	counter http {}
	counter stun {}
	counter peers {}
	chain out {
		type filter hook output priority 0; policy accept;
		ip daddr ${onlooker} return
		tcp sport { ${served} } counter name http
		udp sport ${ports.stun} counter name stun
		udp sport != ${ports.stun} udp dport != ${ports.stun} counter name peers
	}
}
`);
		return new Counters();
	}

	/**
	 * Bytes so far: `http` holds pages, media and the tracker, `peers` is what viewers
	 * sent each other.
	 */
	async read() {
		const { code, stdout, stderr } = await run("nft", [
			"-j",
			"list",
			"counters",
			"table",
			"inet",
			"e2e",
		]);
		if (code !== 0) throw new Error(`nft: ${stderr}`);
		const bytes = { http: 0, stun: 0, peers: 0 };
		for (const { counter } of JSON.parse(String(stdout)).nftables) {
			if (counter) bytes[/** @type {keyof typeof bytes} */ (counter.name)] = counter.bytes;
		}
		return bytes;
	}
}
