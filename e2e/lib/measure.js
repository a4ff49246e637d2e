// Measurements that tests and benchmarks share: viewers watch for a while, and what
// they saw is set against what left the daemon.

import { Counters } from "./counters.js";
import * as playlists from "./playlists.js";
import { pause } from "./process.js";
import { startBrowser, Viewer } from "./viewer.js";

/** @typedef {import("./daemon.js").Daemon} Daemon */
/** @typedef {import("./viewer.js").Stats} Stats */

/**
 * Opens viewers, lets them settle, and watches. `viewport` is a page's size; the clock is read
 * from one picture in `every`; `script` runs in each page before all else.
 * @param {Daemon} daemon
 * @param {{ viewers: number, seconds: number, settle?: number, screenshot?: string,
 *   viewport?: { width: number, height: number }, every?: number, script?: () => void }} plan
 */
export async function watch(daemon, plan) {
	const counters = await Counters.start(daemon.ports);
	const browser = await startBrowser();
	try {
		const viewers = [];
		for (let i = 0; i < plan.viewers; i++)
			viewers.push(await Viewer.open(browser, daemon.watch, plan.script, plan.viewport));
		for (const viewer of viewers) await viewer.plays();
		await pause((plan.settle ?? 10) * 1000);

		const before = await sample(viewers, counters);
		await Promise.all(viewers.map((viewer) => viewer.observe(plan.every)));
		await pause(plan.seconds * 1000);
		const seen = await Promise.all(viewers.map((viewer) => viewer.observed()));
		const after = await sample(viewers, counters);
		if (plan.screenshot) await viewers[0].screenshot(plan.screenshot);

		const rate = await byteRate(daemon, after.stats[0].rendition);
		return {
			viewers: seen.map((s, i) => ({
				...s,
				stats: after.stats[i],
				/** how often the playhead stood or jumped, as the player itself says */
				said: after.stats[i].stalls - before.stats[i].stalls,
			})),
			steady: offload(before, after, rate, plan.viewers),
			whole: offload(zero(before), after, rate, plan.viewers),
			possible: (plan.viewers - 1) / plan.viewers,
			bytesPerSecond: rate,
			complaints: viewers.map((viewer) => viewer.complaints),
		};
	} finally {
		await browser.close();
	}
}

/** @typedef {{ stats: Stats[], bytes: { http: number, stun: number, peers: number }, played: number }} Sample */

/**
 * @param {Viewer[]} viewers
 * @param {Counters} counters
 * @returns {Promise<Sample>}
 */
async function sample(viewers, counters) {
	const stats = await Promise.all(viewers.map((viewer) => viewer.stats()));
	const played = await Promise.all(viewers.map((viewer) => viewer.playedSeconds()));
	return { stats, bytes: await counters.read(), played: played.reduce((a, b) => a + b, 0) };
}

/** The sample of before anybody came. @param {Sample} sample @returns {Sample} */
const zero = (sample) => ({ ...sample, bytes: { http: 0, stun: 0, peers: 0 }, played: 0 });

/**
 * Offload as the project defines it: 1 - (all bytes that left the daemon towards
 * viewers) / (media bytes that viewers played).
 * @param {Sample} before
 * @param {Sample} after
 * @param {number} rate media bytes a second of what they played
 * @param {number} viewers
 */
function offload(before, after, rate, viewers) {
	const sent = after.bytes.http + after.bytes.stun - before.bytes.http - before.bytes.stun;
	const played = (after.played - before.played) * rate;
	return {
		sentBytes: sent,
		playedBytes: Math.round(played),
		peerBytes: after.bytes.peers - before.bytes.peers,
		offload: 1 - sent / played,
		ofPossible: (1 - sent / played) / ((viewers - 1) / viewers),
	};
}

/**
 * Media bytes a second of a rendition with its audio, from the segments that are
 * listed now.
 * @param {Daemon} daemon
 * @param {string} rendition
 */
export async function byteRate(daemon, rendition) {
	const multivariant = playlists.readMultivariant(
		await playlists.text(daemon.playlist),
		daemon.playlist,
	);
	let rate = 0;
	for (const url of multivariant.playlists) {
		if (![rendition, "audio"].includes(playlists.renditionOf(url))) continue;
		const segments = playlists.listSegments(await playlists.text(url), url);
		const sizes = await Promise.all(
			segments.map(async (s) => (await playlists.bytes(s.uri)).length),
		);
		const seconds = segments.reduce((sum, s) => sum + s.duration, 0);
		rate += sizes.reduce((a, b) => a + b, 0) / seconds;
	}
	return rate;
}

/**
 * Processor time and memory of the daemon's own process over a while.
 * @param {Daemon} daemon
 * @param {number} seconds
 */
export async function usage(daemon, seconds) {
	const before = daemon.process.usage();
	const began = performance.now();
	await pause(seconds * 1000);
	const after = daemon.process.usage();
	return {
		seconds,
		cores: (after.cpu - before.cpu) / ((performance.now() - began) / 1000),
		residentMiB: after.resident / 2 ** 20,
		peakMiB: after.peak / 2 ** 20,
	};
}
