// Sets figures against their targets.

import { fixed } from "../../e2e/lib/figures.js";

/** @typedef {import("./scenes.js").Check} Check */
/** @typedef {import("./window.js").Result} Result */

/** What holds for all scenes. @param {Result} r @returns {(Check & { own: boolean })[]} */
const common = (r) => [
	{ what: "played share", value: r.playedShare, least: 0.98, own: false },
	{ what: "latency p95", value: r.latency.p95, most: 2.5, unit: "s", own: false },
];

/**
 * @param {import("./scenes.js").Scene} scene
 * @param {{ results: Result[] }} played
 */
export function judge(scene, { results }) {
	const who = (/** @type {Result} */ r) =>
		results.length > 1 ? r.label || `${r.viewers} viewers` : "";
	const own = scene.checks?.(results).map((c) => ({ ...c, own: true }));
	const checks = [
		...(own ?? []),
		...(own ? results : []).flatMap((r) =>
			common(r).map((c) => ({ ...c, what: `${who(r)} ${c.what}`.trim() })),
		),
	].map((check) => ({ ...check, met: met(check) }));
	const fleets = results.flatMap((r) => [brief(r), ...hops(r)]);
	return { compares: !own, passed: checks.every((c) => c.met), checks, fleets };
}

/** What is no number is never enough. @param {Check} check */
const met = ({ value, least, most }) =>
	Number.isFinite(value) &&
	(least === undefined || value >= least) &&
	(most === undefined || value <= most);

/** One line about a fleet. @param {Result} r */
function brief(r) {
	const parts = [
		`${r.label ? `${r.label}: ` : ""}${r.viewers} viewers for ${fixed(r.seconds, 0)} s`,
		`offload ${fixed(r.offload, 3)} of ${fixed(r.bound, 3)} possible`,
		`latency p50 ${fixed(r.latency.p50)} p95 ${fixed(r.latency.p95)} s`,
		`played ${fixed(r.playedShare, 4)}`,
		`${r.said.stalls} stalls (${fixed(r.said.stalledSeconds, 1)} s)`,
		`cores: daemon ${fixed(r.cpu.daemon)}, viewers ${fixed(r.cpu.viewers)}`,
		`of a part the origin sent ${fixed(r.window.perPart / r.partBytes)}`,
	];
	if (r.after) {
		const { usual, peak, backAfter } = r.after;
		const kbit = (/** @type {number} */ bits) => fixed(bits / 1000, 0);
		parts.push(
			`origin ${kbit(usual)} kbit/s, after the kill at most ${kbit(peak)}, back after ${fixed(backAfter, 0)} s`,
		);
	}
	return parts.join("; ");
}

/** A line about the viewers that are so many hops from the server. @param {Result} r */
const hops = (r) =>
	r.hops.map(
		({ hops, viewers, arrival, holdBack, latency }) =>
			`  ${hops} hops: ${viewers} viewers, a part is there ${fixed(arrival.p50)} s (p95 ${fixed(arrival.p95)}) after its end, hold-back ${fixed(holdBack)}, latency p50 ${fixed(latency)}`,
	);

/**
 * @param {string} name
 * @param {ReturnType<typeof judge>} verdict
 */
export function lines(name, { compares, passed, checks, fleets }) {
	const text = checks.map(({ what, value, least, most, unit = "", met }) => {
		const limit = least === undefined ? `≤ ${fixed(most ?? 0, 3)}` : `≥ ${fixed(least, 3)}`;
		return `${met ? "" : "MISSED "}${what} ${fixed(value, 3)}${unit && ` ${unit}`} (${limit})`;
	});
	return [
		`${compares ? "MEASURED" : passed ? "PASS" : "FAIL"} ${name}: ${text.join("; ")}`,
		...fleets.map((f) => `  ${f}`),
	].join("\n");
}
