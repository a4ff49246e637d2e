// others.js [--viewers=4] [--seconds=35]: P2P Media Loader 2.3.1 beside ours, one after
// the other on the same machine: ours; it on our LL-HLS playlists; it on plain HLS with
// segments of 2 s behind nginx, by its defaults and tuned for a swarm at the live edge; some
// five minutes. Needs `npm ci --ignore-scripts` in this folder.

import { Counters } from "../e2e/lib/counters.js";
import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, quantile, table } from "../e2e/lib/figures.js";
import { byteRate, watch } from "../e2e/lib/measure.js";
import { pause } from "../e2e/lib/process.js";
import { startBrowser, Viewer } from "../e2e/lib/viewer.js";
import { option, report } from "./lib.js";
import { startLoaderPage, startTracker } from "./others/loader.js";
import { startPlain } from "./others/plain.js";
import { push } from "./swarm/source.js";

const viewers = option("viewers", 4);
const seconds = option("seconds", 35);
const settle = 15;

/** @typedef {{ system: string, offload: number, p50: number[], p95: number[], stalls: number, fromPeers: number }} Row */

/** @type {Row[]} */
const rows = [];
for (const system of [ours, loaderOnOurs, loaderByDefault, loaderTuned]) {
	try {
		rows.push(await system());
	} catch (error) {
		// The others' figures are worth having all the same.
		console.error(`${system.name}: ${error}`);
		process.exitCode = 1;
	}
}
const list = (/** @type {number[]} */ numbers) => numbers.map((n) => fixed(n)).join(", ");
report(
	"others",
	{ viewers, seconds, possible: (viewers - 1) / viewers, rows },
	table(
		[
			"system",
			"offload",
			"latency p50, of all, s",
			"p50, each",
			"p95, each",
			"stalls",
			"from peers",
		],
		rows.map((r) => [
			...[
				r.system,
				fixed(r.offload, 3),
				fixed(quantile(r.p50.filter(Number.isFinite), 0.5)),
				list(r.p50),
				list(r.p95),
			],
			...[r.stalls, fixed(r.fromPeers, 2)],
		]),
	),
);

/** @param {(daemon: Daemon) => Promise<Row>} what */
async function withDaemon(what) {
	const daemon = await Daemon.start({ renditions: null, config: { log: { level: "info" } } });
	const source = push(daemon);
	try {
		await daemon.live();
		return await what(daemon);
	} finally {
		await source.stop();
		await daemon.stop();
	}
}

/** @returns {Promise<Row>} */
function ours() {
	return withDaemon(async (daemon) => {
		const result = await watch(daemon, { viewers, seconds, settle });
		const sum = (/** @type {"httpBytes" | "p2pBytes"} */ key) =>
			result.viewers.reduce((all, v) => all + v.stats[key], 0);
		return {
			system: "liverelay",
			offload: result.steady.offload,
			p50: result.viewers.map((v) => v.latency.p50),
			p95: result.viewers.map((v) => v.latency.p95),
			stalls: result.viewers.reduce((all, v) => all + v.stands.length, 0),
			fromPeers: sum("p2pBytes") / (sum("p2pBytes") + sum("httpBytes")),
		};
	});
}

/** @returns {Promise<Row>} */
function loaderOnOurs() {
	return withDaemon((daemon) =>
		watchLoader({
			system: "P2P Media Loader, on our LL-HLS",
			playlist: daemon.playlist,
			ports: daemon.ports,
			rate: () => byteRate(daemon, "source"),
			settings: { lowLatencyMode: true },
			core: {},
		}),
	);
}

function loaderByDefault() {
	return loaderOnPlain("defaults", { liveSyncDurationCount: 2 }, {});
}

/**
 * What is further ahead is left to the swarm: the default of 15 s leaves it nothing of a
 * live stream. It takes a segment more of distance for anything to be that far ahead; and
 * a peer that brings nothing is given up after a second, or else pages stand still for ever.
 */
function loaderTuned() {
	const core = { highDemandTimeWindow: 3, p2pNotReceivingBytesTimeoutMs: 1000 };
	return loaderOnPlain("tuned", { liveSyncDurationCount: 3 }, core);
}

/** @param {string} how @param {object} settings @param {object} core */
async function loaderOnPlain(how, settings, core) {
	const plain = await startPlain();
	try {
		return await watchLoader({
			system: `P2P Media Loader, on plain HLS of 2 s, ${how}`,
			playlist: plain.playlist,
			ports: { http: plain.port, stun: 0 },
			rate: async () => plain.rate(),
			settings: { lowLatencyMode: false, ...settings },
			core,
		});
	} finally {
		await plain.stop();
	}
}

/**
 * @param {{ system: string, playlist: string, ports: { http: number, stun: number },
 *   rate: () => Promise<number>, settings: object, core: object }} plan
 * @returns {Promise<Row>}
 */
async function watchLoader(plan) {
	const tracker = await startTracker();
	const page = await startLoaderPage({ ...plan, tracker: tracker.url });
	const counters = await Counters.start(plan.ports, tracker.port);
	const browser = await startBrowser();
	try {
		const all = [];
		for (let i = 0; i < viewers; i++) all.push(await Viewer.open(browser, page.url));
		for (const viewer of all) await viewer.plays();
		await pause(settle * 1000);
		const before = await look(all, counters);
		await Promise.all(all.map((v) => v.observe()));
		await pause(seconds * 1000);
		const seen = await Promise.all(all.map((v) => v.observed()));
		const after = await look(all, counters);
		const played = (after.played - before.played) * (await plan.rate());
		const [p2p, http] = [after.p2p - before.p2p, after.http - before.http];
		return {
			system: plan.system,
			offload: 1 - (after.sent - before.sent) / played,
			p50: seen.map((s) => s.latency.p50),
			p95: seen.map((s) => s.latency.p95),
			stalls: seen.reduce((sum, s) => sum + s.stands.length, 0),
			fromPeers: p2p / Math.max(1, p2p + http),
		};
	} finally {
		await browser.close();
		page.stop();
		tracker.stop();
	}
}

/** @param {Viewer[]} all @param {Counters} counters */
async function look(all, counters) {
	const each = await Promise.all(
		all.map((v) =>
			v.page.evaluate(() => {
				const { loaded, playedSeconds } = /** @type {any} */ (window);
				return { p2p: loaded.p2p, http: loaded.http, played: playedSeconds };
			}),
		),
	);
	const sum = (/** @type {"p2p" | "http" | "played"} */ key) =>
		each.reduce((total, one) => total + one[key], 0);
	const { http, stun } = await counters.read();
	return { p2p: sum("p2p"), http: sum("http"), played: sum("played"), sent: http + stun };
}
