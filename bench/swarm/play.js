// Plays one scene: a daemon, a source, and one fleet of headless viewers after the other.

import { loadavg } from "node:os";
import { Counters } from "../../e2e/lib/counters.js";
import { binary, Daemon } from "../../e2e/lib/daemon.js";
import { Process, pause } from "../../e2e/lib/process.js";
import { plan, Sampler } from "./sampler.js";
import { bitrate, ladder, measured, push } from "./source.js";
import { result } from "./window.js";

/** @typedef {import("./scenes.js").Scene} Scene */
/** @typedef {import("./scenes.js").Fleet} Fleet */
/** @typedef {Awaited<ReturnType<typeof measured>>} Rates */

/** Every so many-th viewer lends nothing; the others have this many times the bitrate. */
const poor = 5;
const times = 2;
/** With `holds`, one in so many uplinks has no more than that share of what it claims. */
const boaster = 10;

/**
 * @param {Scene} scene
 * @param {{ viewers: number, seconds: number }} limits 0 for what the scene says
 */
export async function play(scene, limits) {
	const daemon = await Daemon.start({
		renditions: scene.renditions ? /** @type {any} */ (ladder) : null,
		config: {
			log: { level: "info", format: "json" },
			tracker: { picture: true },
			...(scene.egress ? { origin: { max_egress: `${scene.egress * bitrate}bit/s` } } : {}),
		},
	});
	const source = push(daemon);
	try {
		await daemon.live();
		const rates = await measured(daemon);
		const results = [];
		for (const planned of scene.fleets) {
			results.push(await watch(daemon, shrunk(planned, limits), rates));
		}
		return { source: rates, skippedPictures: source.skipped, load: loadavg(), results };
	} finally {
		await source.stop();
		await daemon.stop();
	}
}

/**
 * A fleet with fewer viewers and less time, all of its moments with it: a trial.
 * @param {Fleet} fleet
 * @param {{ viewers: number, seconds: number }} limits
 * @returns {Fleet}
 */
function shrunk(fleet, limits) {
	const by = Math.min(1, (limits.seconds || fleet.seconds) / fleet.seconds);
	/** @type {(pair?: [number, number]) => [number, number] | undefined} */
	const both = (pair) => pair && [pair[0] * by, pair[1] * by];
	return {
		...fleet,
		viewers: Math.min(limits.viewers || fleet.viewers, fleet.viewers),
		seconds: fleet.seconds * by,
		settle: (fleet.settle ?? 15) * by,
		joinOver: fleet.joinOver && fleet.joinOver * by,
		churn: fleet.churn && fleet.churn / by,
		churnIn: both(fleet.churnIn),
		killAt: fleet.killAt && fleet.killAt * by,
		cut: both(fleet.cut),
	};
}

/**
 * @param {Daemon} daemon
 * @param {Fleet} fleet
 * @param {Rates} rates
 */
async function watch(daemon, fleet, rates) {
	const claims = uplinks(rates);
	const ways = fleet.holds ? less(claims, fleet.holds) : claims;
	const counters = await Counters.start(daemon.ports);
	const viewers = new Process(binary, [...flags(fleet, rates, ways, claims), daemon.watch]);
	// All that it printed is here only when its pipes are closed.
	const closed = new Promise((resolve) => viewers.child.once("close", resolve));
	const sampler = new Sampler(counters, daemon.process, viewers);
	const look = fleet.kill ? (fleet.killAt ?? 0) - 2 : fleet.seconds * 0.6;
	const seen = pause(look * 1000).then(() => plan(daemon));
	const [picture] = await Promise.all([seen, closed]);
	const code = await viewers.ended;
	const samples = await sampler.stop();
	const line = viewers.log.trim().split("\n").at(-1) ?? "";
	if (code !== 0 || !line.startsWith("{")) throw new Error(`viewers: ${code}\n${viewers.log}`);
	const { http, stun } = await counters.read();
	return result({
		fleet,
		rates,
		ways,
		picture,
		samples,
		said: JSON.parse(line),
		sent: http + stun,
	});
}

/**
 * Each viewer's uplink in bit/s, handed out in turn as the renditions are: 0 for none.
 * @param {Rates} rates
 */
function uplinks(rates) {
	// One rendition: what is pushed is known. Several: twice what each one really takes.
	const rate = (/** @type {number} */ i) => (rates.length > 1 ? rates[i].rate : bitrate);
	return Array.from({ length: rates.length * poor }, (_, i) =>
		i % poor === poor - 1 ? 0 : Math.round(times * rate(i % rates.length)),
	);
}

/**
 * What uplinks hold, of which every so many-th claims too much.
 * @param {number[]} claims
 * @param {number} share
 */
function less(claims, share) {
	let count = 0;
	return Array.from({ length: claims.length * boaster }, (_, i) => {
		const claim = claims[i % claims.length];
		return claim > 0 && count++ % boaster === 0 ? Math.round(share * claim) : claim;
	});
}

/** @param {number[]} all */
function speeds(all) {
	return all.map((bits) => (bits > 0 ? `${bits}bit/s` : "none")).join(",");
}

/**
 * @param {Fleet} fleet
 * @param {Rates} rates
 * @param {number[]} ways
 * @param {number[]} claims
 */
function flags(fleet, rates, ways, claims) {
	const list = ["viewers", "--json", "--detail", `--n=${fleet.viewers}`];
	const add = (/** @type {string} */ name, /** @type {string | number} */ value) =>
		list.push(`--${name}=${value}`);
	add("duration", `${fleet.seconds}s`);
	if (!fleet.free) {
		add("uplinks", speeds(ways));
		if (fleet.holds) add("claims", speeds(claims));
		add("delay", "20ms");
		add("loss", fleet.loss ?? 0.01);
	}
	if (rates.length > 1) add("renditions", rates.map(({ name }) => name).join(","));
	if (fleet.joinOver) add("join-over", `${fleet.joinOver}s`);
	if (fleet.alone) list.push("--no-peers");
	if (fleet.ordered) list.push("--ordered");
	if (fleet.churn) add("churn", fleet.churn);
	if (fleet.churnIn) {
		add("churn-from", `${fleet.churnIn[0]}s`);
		add("churn-until", `${fleet.churnIn[1]}s`);
	}
	if (fleet.kill) {
		add("kill", fleet.kill);
		add("kill-at", `${fleet.killAt}s`);
	}
	if (fleet.cut) {
		add("cut-at", `${fleet.cut[0]}s`);
		add("cut-tracker", `${fleet.cut[1]}s`);
	}
	return list;
}
