// browsers.js [--viewers=6] [--seconds=180]: Chromium viewers at 240p30 without caps:
// what they spare the daemon, counted outside of it, and glass to glass how far behind
// live they are. Exits with 1 when a target is missed.

import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { watch } from "../e2e/lib/measure.js";
import { record, told, waitedFor } from "../e2e/lib/record.js";
import { option, report } from "./lib.js";
import { push } from "./swarm/source.js";

const viewers = option("viewers", 6);
const seconds = option("seconds", 180);
/** Offload, and the latency of every viewer in seconds, p50 and p95. */
const targets = { offload: 0.75, p50: 2.2, p95: 2.5 };
/** Seconds of media ahead with which a playhead that stands does not wait for any. */
const fed = 0.3;

const daemon = await Daemon.start({ renditions: null, config: { log: { level: "info" } } });
const source = push(daemon);
try {
	await daemon.live();
	const before = daemon.process.usage().cpu;
	const began = performance.now();
	// Six pages are drawn by the cores that also encode and serve: small ones, seldom read.
	const viewport = { width: 480, height: 320 };
	const result = await watch(daemon, { viewers, seconds, viewport, every: 15, script: record });
	const daemonCores = (daemon.process.usage().cpu - before) / ((performance.now() - began) / 1000);
	const sum = (/** @type {"said" | "stalls"} */ of) =>
		result.viewers.reduce((all, v) => all + v[of], 0);
	const stands = result.viewers.flatMap((v) => v.stands);
	const waits = stands.map(waitedFor);
	const fedStalls = stands.filter((s) => s.buffer > fed).length;
	const each = (/** @type {"p50" | "p95" | "max"} */ q) => result.viewers.map((v) => v.latency[q]);
	const played = result.steady.playedBytes / (result.bytesPerSecond * viewers * seconds);
	const checks = [
		{ what: "offload", value: result.steady.offload, least: targets.offload },
		{
			what: "latency p50, of the worst viewer",
			value: Math.max(...each("p50")),
			most: targets.p50,
			unit: "s",
		},
		{
			what: "latency p95, of the worst viewer",
			value: Math.max(...each("p95")),
			most: targets.p95,
			unit: "s",
		},
		{ what: "stalls", value: stands.length, most: 0 },
		{ what: "played share", value: played, least: 0.98 },
	].map((c) => ({ ...c, met: c.value >= (c.least ?? c.value) && c.value <= (c.most ?? c.value) }));
	const passed = checks.every((c) => c.met);
	const list = (/** @type {number[]} */ numbers) => numbers.map((n) => fixed(n)).join(", ");
	report(
		"browsers",
		{
			...{ passed, checks, seconds, daemonCores, fedStalls, waits },
			...{ skippedPictures: source.skipped, ...result },
		},
		table(
			["", "figure", "wanted"],
			[
				...checks.map((c) => [
					`${c.met ? "" : "MISSED "}${c.what}`,
					fixed(c.value, 3),
					c.least === undefined ? `≤ ${c.most}` : `≥ ${c.least}`,
				]),
				["possible", fixed(result.possible, 3), ""],
				["offload with page and join", fixed(result.whole.offload, 3), ""],
				["latency p50, each, s", list(each("p50")), ""],
				["latency max, each, s", list(each("max")), ""],
				["stalls, as the players say", sum("said"), ""],
				["stalled, each time, s", list(stands.map((s) => s.seconds)), ""],
				[`of them with ${fed} s to play`, fedStalls, ""],
				...stands.map(told).map((w) => ["stood", w, ""]),
				["pictures that the source left out", source.skipped, ""],
				// Decoded and drawn by two cores that all share: not the player's doing.
				["pictures late by 0.1 s or more", sum("stalls"), ""],
				["daemon, cores", fixed(daemonCores, 3), ""],
			],
		),
	);
	if (!passed) process.exitCode = 1;
} finally {
	await source.stop();
	await daemon.stop();
}
