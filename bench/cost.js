// cost.js [--seconds=60] [--rounds=3]: processor time of one Chromium viewer, all its
// processes together: with the swarm off, as a leaf, and with three children, in turn, each
// round beginning with another one.
// Exits with 1 when a target is missed, or when a role was not what it should be.

import { browserTime, children } from "../e2e/lib/browsercpu.js";
import { binary, Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { Process, pause } from "../e2e/lib/process.js";
import { startBrowser, Viewer } from "../e2e/lib/viewer.js";
import { option, report } from "./lib.js";
import { push } from "./swarm/source.js";

const seconds = option("seconds", 60);
const rounds = option("rounds", 3);
const companions = 3;

/** A browser that is asked to save data lends nothing. */
function saveData() {
	Object.defineProperty(navigator, "connection", { value: { saveData: true } });
}

/** Seconds for a page to come to rest, and for plans to trust an uplink with three children. */
const [settle, patience] = [6, 60];

/**
 * What others lend makes the browser what it is to be. `most` is its target, as a
 * multiple of what it costs without a swarm; `copies` of the stream are what it sends.
 * @type {Record<string, { query: string, uplinks: string, first?: () => void, most?: number, copies?: number }>}
 */
const roles = {
	"swarm off": { query: "?p2p=0", uplinks: "unlimited" },
	leaf: { query: "", uplinks: "unlimited", first: saveData, most: 1.15 },
	"three children": { query: "", uplinks: "none", most: 1.35, copies: companions * 0.85 },
};

const daemon = await Daemon.start({
	renditions: null,
	config: { log: { level: "info" }, p2p: { max_upload: "10Mbit/s" } },
});
const source = push(daemon);
/** @type {Record<string, Awaited<ReturnType<typeof measure>>[]>} */
const seen = {};
try {
	await daemon.live();
	for (let round = 0; round < rounds; round++) {
		const names = Object.keys(roles);
		const first = round % names.length;
		for (const name of [...names.slice(first), ...names.slice(0, first)]) {
			seen[name] ??= [];
			seen[name].push(await measure(roles[name]));
		}
	}
	summarise();
} finally {
	await source.stop();
	await daemon.stop();
}

/** @param {typeof roles[""]} role */
async function measure(role) {
	const before = new Set(children());
	const browser = await startBrowser();
	const root = children().find((id) => !before.has(id));
	const time = (seconds + settle + patience + 30) * 1000;
	const flags = [
		"--json",
		`--n=${companions}`,
		`--uplinks=${role.uplinks}`,
		`--duration=${time}ms`,
	];
	const others = new Process(binary, ["viewers", ...flags, daemon.watch]);
	try {
		if (!root) throw new Error("the browser's process was not found");
		const viewer = await Viewer.open(browser, daemon.watch + role.query, role.first);
		await viewer.plays();
		await pause(settle * 1000);
		if (role.copies) await sends(viewer, role.copies);
		const first = { ...(await viewer.stats()), played: await viewer.playedSeconds() };
		const [cpu, began] = [browserTime(root), performance.now()];
		await pause(seconds * 1000);
		const [later, took] = [browserTime(root), (performance.now() - began) / 1000];
		/** @type {Record<string, number>} */
		const kinds = {};
		for (const [kind, time] of Object.entries(later))
			kinds[kind] = (time - (cpu[kind] ?? 0)) / took;
		const cores = Object.values(kinds).reduce((a, b) => a + b, 0);
		const last = { ...(await viewer.stats()), played: await viewer.playedSeconds() };
		const [http, p2p, sent] = /** @type {const} */ (["httpBytes", "p2pBytes", "uploadedBytes"]).map(
			(key) => last[key] - first[key],
		);
		const played = (last.played - first.played) / seconds;
		return { cores, kinds, fromPeers: p2p / (http + p2p), copiesSent: sent / (http + p2p), played };
	} finally {
		await browser.close();
		await others.stop();
	}
}

/**
 * Waits until a viewer sends so many copies of what it gets.
 * @param {Viewer} viewer
 * @param {number} copies
 */
async function sends(viewer, copies) {
	const end = performance.now() + patience * 1000;
	for (let last = await viewer.stats(); performance.now() < end; ) {
		await pause(4000);
		const now = await viewer.stats();
		const got = now.httpBytes + now.p2pBytes - last.httpBytes - last.p2pBytes;
		if (now.uploadedBytes - last.uploadedBytes >= copies * got) return;
		last = now;
	}
}

function summarise() {
	const mean = (/** @type {string} */ name) =>
		seen[name].reduce((sum, m) => sum + m.cores, 0) / seen[name].length;
	const every = (
		/** @type {string} */ name,
		/** @type {(m: typeof seen[""][0]) => boolean} */ holds,
	) => seen[name].every((m) => holds(m) && m.played > 0.97);
	const real = {
		"swarm off": every("swarm off", (m) => m.fromPeers === 0 && m.copiesSent === 0),
		leaf: every("leaf", (m) => m.fromPeers > 0.8 && m.copiesSent === 0),
		"three children": every("three children", (m) => m.copiesSent > companions * 0.8),
	};
	const rows = Object.entries(roles).map(([name, { most }]) => {
		const ratio = mean(name) / mean("swarm off");
		const is = real[/** @type {keyof typeof real} */ (name)];
		const met = is && (most === undefined || ratio <= most);
		return { name, ratio, most, real: is, met, each: seen[name] };
	});
	const list = (/** @type {number[]} */ numbers) => numbers.map((n) => fixed(n, 3)).join(", ");
	report(
		"cost",
		{ passed: rows.every((r) => r.met), seconds, rows },
		table(
			[
				"viewer",
				"cores, each round",
				"of swarm off",
				"wanted",
				"share from peers",
				"copies sent",
				"",
			],
			rows.map((r) => [
				...[
					r.name,
					list(r.each.map((m) => m.cores)),
					fixed(r.ratio, 3),
					r.most ? `≤ ${r.most}` : "",
				],
				...[list(r.each.map((m) => m.fromPeers)), list(r.each.map((m) => m.copiesSent))],
				r.met ? "" : r.real ? "MISSED" : "MISSED: it was not in that role",
			]),
		),
	);
	if (!rows.every((r) => r.met)) process.exitCode = 1;
}
