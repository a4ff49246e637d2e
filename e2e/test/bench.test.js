// What the benchmarks work out from counts: a figure that is wrong would be believed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { soak } from "../../bench/plot/soak.js";
import { draw } from "../../bench/plot/svg.js";
import { judge } from "../../bench/swarm/judge.js";
import { result } from "../../bench/swarm/window.js";

/** A fleet that saw a steady 1,000 bytes a second leave, until a kill doubled it. */
function seen() {
	const began = 1_700_000_000_000;
	const seconds = Array.from({ length: 100 }, (_, i) => i + 1);
	const sent = (/** @type {number} */ s) => 1000 * s + 1000 * Math.max(0, Math.min(s - 30, 8));
	return {
		fleet: {
			viewers: 50,
			seconds: 100,
			settle: 10,
			kill: /** @type {const} */ ("half"),
			killAt: 30,
		},
		rates: [{ name: "source", rate: 564_000, part: 0.25 }],
		ways: [1_128_000, 1_128_000, 1_128_000, 1_128_000, 0],
		picture: { total: 0, peers: [] },
		samples: [0, ...seconds, 101].map((s) => ({
			...{ at: began + s * 1000, origin: sent(s), peers: 0, daemon: s * 0.02, viewers: s * 0.5 },
		})),
		said: {
			...{ began, seconds: 100, playedBytes: 1_080_000, playedShare: 0.99, stalls: 3 },
			...{ playedSeconds: 4990, stalledSeconds: 10, latency: { p50: 1, p95: 1.5 }, visits: [] },
			timeline: seconds.map((at) => ({
				...{ at, viewers: 50, playedBytes: at * 10_000, playedSeconds: at * 50 },
				...{ stalls: 0, stalledSeconds: Math.min(Math.max(at - 30, 0), 4) * 2.5 },
			})),
		},
		sent: sent(100),
	};
}

describe("figures of a fleet", () => {
	const r = result(seen());

	test("offload is of all that was counted, and latency and cores are passed on", () => {
		assert.equal(r.offload, 1 - 108_000 / 1_080_000);
		assert.equal(r.stalledShare, 10 / 5000);
		assert.ok(Math.abs(r.cpu.daemon - 0.02) < 1e-9 && Math.abs(r.cpu.viewers - 0.5) < 1e-9);
	});

	test("the bound is one copy of many, or what whole stripes fit into uplinks", () => {
		assert.equal(r.bound, 0.98);
		// 91 % of 300 kbit/s holds two stripes of 94 kbit/s: 40 viewers of 50, two of six.
		const weak = { ...seen(), ways: [300_000, 300_000, 300_000, 300_000, 0] };
		assert.ok(Math.abs(result(weak).bound - (40 * 2) / (50 * 6)) < 1e-9);
	});

	test("a window counts what left in it, for each part", () => {
		const bytes = 99_000 + 8000 - 10_000;
		assert.ok(Math.abs(r.window.bytes - bytes) < 1e-6);
		assert.ok(Math.abs(r.window.perPart - (bytes / 89) * 0.25) < 1e-6);
	});

	test("a kill shows as a peak, and when it was over", () => {
		assert.deepEqual(r.after, { usual: 8000, peak: 16_000, backAfter: 8 });
		const moment = r.series.find((m) => m.at === 32);
		assert.ok(moment && Math.abs(moment.stalled - 0.05) < 1e-9);
	});

	test("what is missing or no number is missed", () => {
		const checks = () => [
			{ what: "good", value: 1, least: 1 },
			{ what: "short", value: 0.9, least: 1 },
			{ what: "none", value: Number.NaN, most: 1 },
			{ what: "never", value: Number.POSITIVE_INFINITY, most: 1 },
		];
		const verdict = judge({ title: "", fleets: [], checks }, { results: [r] });
		assert.equal(verdict.passed, false);
		assert.deepEqual(
			verdict.checks.filter((c) => !c.met).map((c) => c.what),
			["short", "none", "never"],
		);
	});
});

test("a plot leaves gaps where there is no number, and escapes words", () => {
	/** @type {[number, number][]} */
	const points = [
		[0, 1],
		[1, 2],
		[2, Number.NaN],
		[3, 1],
	];
	const svg = draw({
		title: "a < b",
		label: "s",
		panels: [{ label: "y", lines: [{ name: "l", points }] }],
	});
	assert.match(svg, /a &lt; b/);
	assert.doesNotMatch(svg, /NaN|undefined/);
	assert.equal(svg.match(/class="line" stroke="[^"]*" d="M[^M"]*M[^M"]*"/g)?.length, 1);
});

test("a soak's plot has both figures, the daemon's deaths, and who else was hit", () => {
	const samples = [0, 60, 120].map((at) => ({ at, memory: 50 + at / 60, goroutines: 30 }));
	const events = [
		"daemon killed",
		"publisher killed, away for 2 s",
		"publisher back",
		"encoder SIGSTOP",
	];
	const svg = draw(
		soak(
			samples,
			events.map((what, i) => ({ at: 20 * i, what })),
		),
	);
	assert.equal(svg.match(/class="span"/g)?.length, 3, "one death, in each of three panels");
	assert.equal(svg.match(/<circle/g)?.length, 2);
	assert.equal(svg.match(/class="line" stroke="[^"]*" d="M[^"]*L/g)?.length, 2);
	assert.doesNotMatch(svg, /NaN|undefined/);
});
