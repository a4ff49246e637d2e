// What is measured, one scene for each claim. Times are in seconds after the first join.

/**
 * @typedef {object} Fleet one run of `liverelay viewers`
 * @property {string} [label] what tells it from the scene's others
 * @property {number} viewers
 * @property {number} seconds
 * @property {number} [settle] what is before does not count for the window
 * @property {number} [joinOver] the first joins are spread over these seconds
 * @property {number} [churn] viewers replaced in each minute
 * @property {[number, number]} [churnIn] from, until
 * @property {number} [loss] 0.01 unless said
 * @property {number} [holds] what share of its claim every tenth uplink holds; 1 unless said
 * @property {boolean} [ordered] nothing that viewers send each other overtakes anything, for comparison
 * @property {boolean} [alone] without peers, for comparison
 * @property {boolean} [free] no limit, no delay and no loss between viewers
 * @property {"stripe" | "half"} [kill]
 * @property {number} [killAt]
 * @property {[number, number]} [cut] from, for how long nobody reaches the tracker
 *
 * @typedef {import("./window.js").Result} Result
 * @typedef {{ what: string, value: number, most?: number, least?: number, unit?: string }} Check
 *
 * @typedef {object} Scene
 * @property {string} title
 * @property {Fleet[]} fleets
 * @property {boolean} [renditions] three of them, and the viewers spread over them
 * @property {number} [egress] origin.max_egress as a multiple of the bitrate
 * @property {(results: Result[]) => Check[]} [checks] beside those that hold for all;
 *   without any it is a comparison, in which nothing is missed
 */

import { quantile } from "../../e2e/lib/figures.js";

/** @param {Result} r @param {number} least @returns {Check} */
const offload = (r, least) => ({ what: "offload", value: r.offload, least });
/** @param {Result} r @returns {Check} */
const noStall = (r) => ({ what: "stalls", value: r.said.stalls, most: 0 });

/** @typedef {{ from: number, to: number, join: number, firstP2P: number }} Visit */

/** Viewers that took the place of others. @param {Result} r @returns {Visit[]} */
const newcomers = (r) => r.said.visits.filter((/** @type {Visit} */ v) => v.from > r.churnFrom);

/** Those of them that stayed a while. @param {Result} r */
const joiners = (r) => newcomers(r).filter((v) => v.to - v.from > 5);

/** @type {Record<string, Scene>} */
export const scenes = {
	steady: {
		title: "50 viewers, one rendition",
		fleets: [{ viewers: 50, seconds: 300 }],
		checks: ([r]) => [
			offload(r, 0.93),
			noStall(r),
			{ what: "HTTP requests/viewer/min", value: r.said.httpRequestsPerViewerMinute, most: 2 },
			{
				what: "WebSocket messages/viewer/min",
				value: r.said.webSocketMessagesPerViewerMinute,
				most: 20,
			},
		],
	},
	renditions: {
		title: "3 renditions, 50 viewers spread over them",
		renditions: true,
		fleets: [{ viewers: 50, seconds: 300 }],
		checks: ([r]) => [offload(r, 0.88)],
	},
	churn: {
		title: "20 % of viewers replaced each minute",
		fleets: [{ viewers: 50, seconds: 150, churn: 10 }],
		checks: ([r]) => [
			offload(r, 0.88),
			{ what: "stalled share", value: r.stalledShare, most: 0.001 },
		],
	},
	join: {
		title: "a viewer joins",
		fleets: [
			{ label: "with peers", viewers: 30, seconds: 75, churn: 40, churnIn: [12, 69] },
			{ label: "alone", viewers: 10, seconds: 25, churn: 60, churnIn: [11, 19], alone: true },
		],
		checks: ([swarm, alone]) => {
			const first = joiners(swarm).map((v) => v.firstP2P || Number.POSITIVE_INFINITY);
			const join = (/** @type {Result} */ r, /** @type {number} */ q) =>
				quantile(
					joiners(r).map((v) => v.join || Number.POSITIVE_INFINITY),
					q,
				);
			return [
				{ what: "first P2P byte p50", value: quantile(first, 0.5), most: 1, unit: "s" },
				{ what: "first P2P byte p95", value: quantile(first, 0.95), most: 2, unit: "s" },
				// What a joiner waits for without any swarm, and a tick of its clock more.
				{
					what: "first frame p95",
					value: join(swarm, 0.95),
					most: join(alone, 0.95) + 0.1,
					unit: "s",
				},
			];
		},
	},
	flat: {
		title: "origin's bytes for one part with 5, 10, 20, 50 viewers",
		fleets: [5, 10, 20, 50].map((viewers) => ({
			...{ viewers, seconds: 60, settle: 14 },
		})),
		checks: (results) => {
			const [few, many] = [results[0], results[results.length - 1]];
			const more = many.window.perPart - few.window.perPart;
			return [
				{
					what: "of a part, for each further viewer",
					value: more / few.partBytes / (many.viewers - few.viewers),
					most: 0.03,
				},
			];
		},
	},
	cut: {
		title: "no tracker for 30 s, while 5 leave and 5 join",
		fleets: [{ viewers: 50, seconds: 90, churn: 10, churnIn: [34, 64.5], cut: [35, 30] }],
		checks: ([r]) => [
			noStall(r),
			{ what: "joined", value: r.said.joined, least: r.viewers + 5 },
			{
				what: "first frame of who joined meanwhile, worst",
				value: Math.max(
					...newcomers(r)
						.filter((v) => v.to - v.from > 2)
						.map((v) => v.join || Number.POSITIVE_INFINITY),
				),
				most: 2,
				unit: "s",
			},
		],
	},
	"kill-stripe": {
		title: "every interior peer of one stripe killed at once",
		fleets: [{ viewers: 50, seconds: 92, kill: "stripe", killAt: 30 }],
		checks: ([r]) => [noStall(r), { what: "killed", value: r.said.killed, least: 1 }],
	},
	"kill-half": {
		title: "half of all interior peers killed at once, egress 8 times the bitrate",
		egress: 8,
		fleets: [{ viewers: 50, seconds: 97, joinOver: 10, kill: "half", killAt: 35 }],
		checks: ([r]) => {
			const { playedSeconds = 0, stalledSeconds = 1, lastStall = 60 } = r.said.afterKill ?? {};
			const share = stalledSeconds / (playedSeconds + stalledSeconds);
			return [
				{ what: "stalled share after", value: share, most: 0.01 },
				{ what: "last stall after", value: lastStall, most: 10, unit: "s" },
				{ what: "killed", value: r.said.killed, least: 1 },
			];
		},
	},
	claims: {
		title: "every tenth uplink holds 65 % of its claim",
		fleets: [
			{ label: "so it is", viewers: 50, seconds: 150, holds: 0.65 },
			{ label: "all hold what they claim", viewers: 50, seconds: 150 },
		],
	},
	latency: {
		title: "what holds latency",
		fleets: [
			{ label: "uplinks of twice the bitrate, 1 % loss", viewers: 50, seconds: 50 },
			{ label: "the same without loss", viewers: 50, seconds: 50, loss: 0 },
			{ label: "no limits between viewers", viewers: 50, seconds: 50, free: true },
			{ label: "no viewers beside it", viewers: 1, seconds: 20, alone: true },
		],
	},
	order: {
		title: "one ordered data channel against two",
		// Twice, the other way round: what begins with the daemon has a start of its own.
		fleets: [0.01, 0.03].flatMap((loss) =>
			[true, false, false, true].map((ordered) => ({
				label: `${ordered ? "one, ordered" : "two"}, ${loss * 100} % loss`,
				...{ viewers: 20, seconds: 20, settle: 8, loss, ordered },
			})),
		),
	},
};
