// Looks once a second at what has left the daemon, what it and the viewers' process
// cost, and who is planned to feed whom.

import { request } from "node:http";
import { onlooker } from "../../e2e/lib/counters.js";
import { pause } from "../../e2e/lib/process.js";

/**
 * @typedef {object} Sample
 * @property {number} at ms since 1970
 * @property {number} origin bytes that left the daemon
 * @property {number} peers bytes between viewers
 * @property {number} daemon seconds of processor time
 * @property {number} viewers the same of the viewers' process
 *
 * @typedef {{ id: string, rendition: number, leaf: boolean, hops: number, slots: number, used: number,
 *   parents: string[] }} Place a viewer's place in a tree
 */

export class Sampler {
	/** @type {Sample[]} */
	samples = [];
	#on = true;

	/**
	 * @param {import("../../e2e/lib/counters.js").Counters} counters
	 * @param {import("../../e2e/lib/process.js").Process} daemon
	 * @param {import("../../e2e/lib/process.js").Process} viewers
	 */
	constructor(counters, daemon, viewers) {
		this.counters = counters;
		this.processes = { daemon, viewers };
		this.ended = this.#run();
	}

	async #run() {
		for (let next = performance.now(); this.#on; next += 1000) {
			await this.#take();
			await pause(Math.max(0, next + 1000 - performance.now()));
		}
	}

	async #take() {
		const { http, stun, peers } = await this.counters.read();
		const { daemon, viewers } = this.processes;
		if (!viewers.running) return;
		this.samples.push({
			...{ at: Date.now(), origin: http + stun, peers },
			...{ daemon: daemon.usage().cpu, viewers: viewers.usage().cpu },
		});
	}

	async stop() {
		this.#on = false;
		await this.ended;
		return this.samples;
	}
}

/**
 * The tracker's plan. It is asked from an address whose bytes are not counted.
 * @param {import("../../e2e/lib/daemon.js").Daemon} daemon
 * @returns {Promise<{ total: number, peers: Place[] }>}
 */
export function plan(daemon) {
	return new Promise((resolve, reject) => {
		const asked = request(`${daemon.origin}/api/v1/streams/demo/swarm`, {
			localAddress: onlooker,
			agent: false,
		});
		asked.on("error", reject);
		asked.on("response", async (response) => {
			let text = "";
			for await (const piece of response) text += piece;
			if (response.statusCode === 200) resolve(JSON.parse(text));
			else reject(new Error(`the plan: status ${response.statusCode}`));
		});
		asked.end();
	});
}
