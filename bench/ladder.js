// ladder.js [--seconds=20]: what the ladder costs beside a bare ffmpeg with the same encodes, and how long
// pictures take, by the Go benchmarks Ladder and TagToPart, in real time: some four minutes.
// Exits with 1 when a ladder takes more than 1.1 times what bare ffmpeg takes.

import { root } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { run } from "../e2e/lib/process.js";
import { option, report } from "./lib.js";

const most = 1.1;
const seconds = option("seconds", 20);
process.env.BENCH_SECONDS = String(seconds);
const bench = ["-run", "^$", "-bench", "Ladder|TagToPart", "-benchtime", "1x", "-timeout", "8m"];
const { code, stdout, stderr } = await run("go", ["test", "./bench", ...bench], {
	cwd: root,
	timeout: 9 * 60_000,
});
const text = String(stdout);
console.error(text);
if (code !== 0) throw new Error(text + stderr);

/** What a benchmark's line says, by unit. @param {string} line */
const units = (line) =>
	Object.fromEntries(
		[...line.matchAll(/([\d.]+) ([\w%/-]+)/g)].map(([, value, unit]) => [unit, Number(value)]),
	);
const lines = text.split("\n");
const ladders = lines
	.filter((line) => line.startsWith("BenchmarkLadder/"))
	.map((line) => ({ source: line.split(/[/\s]/)[1].replace(/-\d+$/, ""), ...units(line) }));
const tag = units(lines.find((line) => line.startsWith("BenchmarkTagToPart")) ?? "");

/** @param {Record<string, any>} l */
const row = (l) => {
	const ratio = fixed(l["cpu/bare"], 3);
	const times = ["first", "last"].map(
		(at) => `${fixed(l[`${at}-p50-ms`], 0)} / ${fixed(l[`${at}-p95-ms`], 0)}`,
	);
	return [l.source, l["cpu/bare"] > most ? `**${ratio}**` : ratio, fixed(l["cpu-%"], 0), ...times];
};
const costs = table(
	[
		...["source", `CPU of bare ffmpeg's (at most ${most})`, "% of a core"],
		...["first rung p50 / p95 ms", "last rung p50 / p95 ms"],
	],
	ladders.map(row),
);
const renditions = Object.keys(tag).flatMap((unit) => unit.match(/^(.+)-p50-ms$/)?.[1] ?? []);
const ways = table(
	["rendition of 1280x720@30", "from an RTMP message to its part, p50 ms", "p95 ms"],
	renditions.map((name) => [
		name,
		fixed(tag[`${name}-p50-ms`], 0),
		fixed(tag[`${name}-p95-ms`], 0),
	]),
);
report("ladder", { seconds, ladders, tag }, `${costs}\n\n${ways}`);
if (ladders.length === 0 || ladders.some((/** @type {any} */ l) => !(l["cpu/bare"] <= most)))
	process.exitCode = 1;
