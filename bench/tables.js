// tables.js: writes what bench/out holds into docs/benchmarks.md: of the swarm between its
// two marks, with the plots that docs/img has, and of each other NAME whose marks are there
// ("figures: NAME") the table of bench/out/NAME.json. What was not measured stays as it is.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { scenes } from "./swarm/scenes.js";

/** @typedef {import("./swarm/window.js").Result} Result */
/** @typedef {{ what: string, value: number, least?: number, most?: number, unit?: string, met: boolean, own?: boolean }} Check */

const [begin, end] = ["<!-- figures of the swarm: bench/tables.js -->", "<!-- end of figures -->"];

/** @param {string} name */
function figures(name) {
	const file = join(root, `bench/out/${name}.json`);
	return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
}

/** @param {Check} c */
const wanted = ({ least, most, unit = "" }) =>
	`${least === undefined ? "≤" : "≥"} ${Number((least ?? most ?? 0).toFixed(3))}${unit && ` ${unit}`}`;
/** @param {Check} c */
const measured = ({ value, unit = "", met }) => {
	const text = `${Number.isInteger(value) ? value : fixed(value, 3)}${unit && ` ${unit}`}`;
	return met ? text : `**${text}**`;
};

/** One row for each thing that a scene has to hold. @param {string} name */
function sceneRows(name) {
	const all = figures(`swarm-${name}`);
	if (!all || all.compares) return [];
	/** @type {Result[]} */
	const results = all.results;
	const list = (/** @type {(r: Result) => string} */ of) =>
		[...new Set(results.map(of))].join(", ");
	/** What has to hold in every scene, of each run. @param {string} what */
	const always = (what) =>
		all.checks
			.filter((/** @type {Check} */ c) => !c.own && c.what.endsWith(what))
			.map((/** @type {Check} */ c) => measured({ ...c, unit: "" }))
			.join(", ");
	const peak =
		results[0].after && `; origin at most ${fixed(results[0].after.peak / 1e6, 1)} Mbit/s`;
	return all.checks
		.filter((/** @type {Check} */ c) => c.own)
		.map((/** @type {Check} */ c, /** @type {number} */ i) => [
			i === 0 ? `${all.title}${peak ?? ""}` : "",
			...[c.what, wanted(c), measured(c)],
			...(i > 0
				? ["", "", "", ""]
				: [
						list((r) => fixed(r.bound)),
						always("latency p95"),
						always("played share"),
						list((r) => `${fixed(r.cpu.daemon)} / ${fixed(r.cpu.viewers)}`),
					]),
		]);
}

function browserRows() {
	const browsers = figures("browsers");
	if (!browsers) return [];
	const [n, s] = [browsers.viewers.length, browsers.seconds];
	const fed = ["", "stalls with media to play", "", browsers.fedStalls ?? "-", "", "", "", ""];
	const rows = browsers.checks.map((/** @type {Check} */ c, /** @type {number} */ i) => [
		i === 0 ? `${n} Chromium viewers, no caps, ${s} s` : "",
		...[c.what, wanted(c), measured(c)],
		...(i === 0
			? [fixed(browsers.possible), "", "", `${fixed(browsers.daemonCores)} / -`]
			: ["", "", "", ""]),
	]);
	return [...rows, fed];
}

function costRows() {
	/** @type {any[]} */
	const rows = figures("cost")?.rows ?? [];
	return rows
		.filter((r) => r.most)
		.map((r) => [
			...[`CPU of a Chromium viewer: ${r.name}`, "of swarm off", `≤ ${r.most}`],
			...[r.met ? fixed(r.ratio) : `**${fixed(r.ratio)}**`, "", "", "", ""],
		]);
}

function orderTable() {
	const all = figures("swarm-order");
	if (!all) return "";
	const head = ["channels", "offload", "latency p50 s", "p95 s", "stalled s", "played"];
	const rows = all.results.map((/** @type {Result} */ r) => [
		...[r.label, fixed(r.offload, 3), fixed(r.latency.p50), fixed(r.latency.p95)],
		...[fixed(r.said.stalledSeconds, 1), fixed(r.playedShare, 3)],
	]);
	return `One ordered channel against two, of which media has one without order; ${all.results[0].viewers} viewers, one after the other:\n\n${table(head, rows)}\n`;
}

function latencyTable() {
	const all = figures("swarm-latency");
	if (!all) return "";
	const head = [
		"viewers",
		"hops",
		"of them",
		"a part there, p50 / p95",
		"hold-back",
		"latency p50",
	];
	const rows = all.results.flatMap((/** @type {Result} */ r) =>
		r.hops.map((h, i) => [
			...[i === 0 ? `${r.viewers}, ${r.label}` : "", h.hops, h.viewers],
			...[`${fixed(h.arrival.p50)} / ${fixed(h.arrival.p95)}`, fixed(h.holdBack), fixed(h.latency)],
		]),
	);
	return `What holds latency, in seconds: the way of a part from its end at the source to a viewer, and the hold-back from the newest head on, which the part's own length is part of:\n\n${table(head, rows)}\n`;
}

function othersTable() {
	const all = figures("others");
	if (!all) return "";
	const head = ["system", "offload", "latency p50, each, s", "stalls", "from peers, it says"];
	const rows = all.rows.map((/** @type {any} */ r) => [
		...[r.system, fixed(r.offload, 3), r.p50.map((/** @type {number} */ v) => fixed(v)).join(", ")],
		...[r.stalls, fixed(r.fromPeers, 2)],
	]);
	return `${all.viewers} Chromium viewers, ${all.seconds} s each, ${fixed(all.possible)} possible:\n\n${table(head, rows)}\n`;
}

function pictures() {
	return Object.entries(scenes)
		.filter(([name]) => existsSync(join(root, `docs/img/swarm-${name}.svg`)))
		.map(([name, { title }]) => `![${title}](img/swarm-${name}.svg)\n`)
		.join("\n");
}

/** Where and when figures were taken. @param {any} of what bench/out has */
const taken = ({ date, version, machine }) =>
	`Taken ${date.slice(0, 10)} at ${version} on ${machine}.`;

/** All that is said of the swarm, or nothing where it was not measured. */
function swarm() {
	const all = ["browsers", ...Object.keys(scenes).map((name) => `swarm-${name}`)].map(figures);
	const first = all.find((f) => f);
	if (!first) return "";
	const head = ["what", "figure", "wanted", "measured", "bound", "latency p95 s", "played"];
	head.push("cores: daemon / viewers");
	const rows = [...browserRows(), ...Object.keys(scenes).flatMap(sceneRows), ...costRows()];
	return [
		`${taken(first)} Bold is a target missed.\n`,
		`${table(head, rows)}\n`,
		pictures(),
		latencyTable(),
		orderTable(),
		othersTable(),
	].join("\n");
}

const file = join(root, "docs/benchmarks.md");
let doc = readFileSync(file, "utf8");

/** Writes between two marks. @param {string} mark @param {string} text */
function write(mark, text) {
	const from = doc.indexOf(mark);
	const to = doc.indexOf(end, from);
	if (from < 0 || to < 0) throw new Error(`${file} has no ${mark} with ${end} behind it`);
	doc = `${doc.slice(0, from + mark.length)}\n\n${text.trim()}\n\n${doc.slice(to)}`;
}

const written = [];
const ofSwarm = swarm();
if (ofSwarm) {
	write(begin, ofSwarm);
	written.push("swarm");
}
for (const [mark, name] of doc.matchAll(/<!-- figures: ([\w-]+) -->/g)) {
	const one = figures(name);
	if (!one?.table) continue;
	write(mark, `${taken(one)}\n\n${one.table}`);
	written.push(name);
}
if (written.length === 0) throw new Error("bench/out has nothing that the page takes");
writeFileSync(file, doc);
console.log(`${file}: ${written.join(", ")}`);
