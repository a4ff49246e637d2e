// plots.js: draws what bench/out holds of the swarm's scenes, as docs/img/*.svg.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../e2e/lib/daemon.js";
import { draw } from "./plot/svg.js";
import { scenes } from "./swarm/scenes.js";
import { bitrate } from "./swarm/source.js";

/** @typedef {import("./plot/svg.js").Chart} Chart */
/** @typedef {import("./swarm/window.js").Result} Result */

const folder = join(root, "docs/img");
mkdirSync(folder, { recursive: true });

for (const [name, chart] of Object.entries({
	flat,
	churn: overTime("churn"),
	cut: overTime("cut"),
	"kill-stripe": overTime("kill-stripe"),
	"kill-half": overTime("kill-half"),
})) {
	const file = join(root, `bench/out/swarm-${name}.json`);
	if (!existsSync(file)) continue;
	const to = join(folder, `swarm-${name}.svg`);
	writeFileSync(to, draw(chart(JSON.parse(readFileSync(file, "utf8")).results)));
	console.log(to);
}

/** Origin's bytes for a part against the audience. @param {Result[]} results @returns {Chart} */
function flat(results) {
	/** @type {(of: (r: Result) => number) => [number, number][]} */
	const points = (of) => results.map((r) => [r.viewers, of(r) / 1000]);
	const measured = { name: "measured", points: points((r) => r.window.perPart), dots: true };
	const copy = { name: "one copy", points: points((r) => r.partBytes), dashed: true, colour: 2 };
	return {
		title: "What the origin sends of one part, all told",
		label: "viewers",
		panels: [
			{
				label: "kB",
				lines: [
					measured,
					copy,
					{
						name: "a copy for each viewer (no swarm)",
						points: points((r) => r.partBytes * r.viewers),
						dashed: true,
						colour: 1,
					},
				],
			},
			{ label: "kB, nearer", lines: [measured, copy] },
		],
	};
}

/** @param {string} name @returns {(results: Result[]) => Chart} */
function overTime(name) {
	const { title, egress, fleets } = scenes[name];
	return ([r]) => {
		return {
			title: `${r.viewers} viewers: ${title}`,
			label: "seconds after the first join",
			spans: marks(fleets[0], r.seconds / fleets[0].seconds),
			panels: panels(r, egress),
		};
	};
}

/** @param {Result} r @param {number} [egress] */
function panels({ series, bound }, egress) {
	const end = series[series.length - 1].at;
	/** @type {(value: number) => [number, number][]} */
	const level = (value) => [
		[0, value],
		[end, value],
	];
	/** @type {(of: (m: Result["series"][0]) => number) => [number, number][]} */
	const points = (of) => series.map((m) => [m.at, of(m)]);
	const most = level(((egress ?? 0) * bitrate) / 1000);
	const limit = egress ? [{ name: "max_egress", points: most, dashed: true, colour: 1 }] : [];
	return [
		{
			...{ label: "offload", top: 1, bottom: 0 },
			lines: [
				{ name: "offload, 5 s", points: points((m) => Math.max(0, m.offload)) },
				{ name: "bound", points: level(bound), dashed: true, colour: 2 },
			],
		},
		{
			label: "origin, kbit/s",
			lines: [
				{ name: "sent by the origin, 1 s", points: points((m) => m.origin / 1000) },
				{ name: "one copy", points: level(bitrate / 1000), dashed: true, colour: 2 },
				...limit,
			],
		},
		{
			...{ label: "viewers stalled, %", top: 1 },
			// Who never began to play has stalled all its time, which is known in its end.
			lines: [
				{ name: "stalled, 1 s", points: points((m) => Math.min(100, m.stalled * 100)), colour: 1 },
			],
		},
	];
}

/**
 * What is done to a fleet.
 * @param {import("./swarm/scenes.js").Fleet} fleet
 * @param {number} by a trial is shorter than the scene, and its moments with it
 */
function marks({ kill, killAt = 0, cut }, by) {
	const list = [];
	if (kill) list.push({ from: killAt * by, to: killAt * by, name: "kill" });
	if (cut) list.push({ from: cut[0] * by, to: (cut[0] + cut[1]) * by, name: "no tracker" });
	return list;
}
