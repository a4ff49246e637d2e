// cpu.js [--seconds=40]: what the swarm costs a browser: processor time of three whole
// browsers that watch the same 240p stream at once, one without a swarm, one as a leaf,
// and one that feeds three others (two of them headless).

import { browserTime, children } from "../e2e/lib/browsercpu.js";
import { binary, Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { Process, pause } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { startBrowser, Viewer } from "../e2e/lib/viewer.js";
import { option, report } from "./lib.js";

const seconds = option("seconds", 40);

/** A viewer who lends nothing, as on a metered link. */
function saveData() {
	Object.defineProperty(navigator, "connection", { value: { saveData: true } });
}

const daemon = await Daemon.start({ renditions: null });
const size = { width: 426, height: 240, bitrate: "600k" };
const publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
await daemon.live();
const others = new Process(binary, ["viewers", "-n", "2", "--duration", "10m", daemon.watch]);
/** @type {import("../e2e/lib/viewer.js").Browser[]} */
const browsers = [];

/** @param {string} name @param {string} url @param {() => void} [script] */
async function open(name, url, script) {
	const before = children();
	const browser = await startBrowser();
	browsers.push(browser);
	const [pid = 0] = children().filter((child) => !before.includes(child));
	const viewer = await Viewer.open(browser, url, script);
	await viewer.plays();
	return { name, pid, viewer };
}

try {
	const all = [
		await open("no swarm", `${daemon.watch}?p2p=0`),
		await open("feeds three", daemon.watch),
		await open("leaf", daemon.watch, saveData),
	];
	await pause(20_000);
	const sample = () =>
		Promise.all(
			all.map(async ({ pid, viewer }) => ({
				time: browserTime(pid),
				stats: await viewer.stats(),
				played: await viewer.playedSeconds(),
			})),
		);
	const before = await sample();
	await pause(seconds * 1000);
	const after = await sample();
	const results = all.map(({ name }, i) => {
		const kinds = Object.keys(after[i].time);
		const time = Object.fromEntries(
			kinds.map((k) => [k, (after[i].time[k] - (before[i].time[k] ?? 0)) / seconds]),
		);
		const { stats } = after[i];
		return {
			name,
			time,
			cores: Object.values(time).reduce((a, b) => a + b, 0),
			played: (after[i].played - before[i].played) / seconds,
			peers: stats.peers,
			down: ((stats.p2pBytes - before[i].stats.p2pBytes) * 8) / seconds / 1000,
			up: ((stats.uploadedBytes - before[i].stats.uploadedBytes) * 8) / seconds / 1000,
			stalls: stats.stalls - before[i].stats.stalls,
		};
	});
	const rows = results.map((r) => [
		r.name,
		r.peers,
		fixed(r.down, 0),
		fixed(r.up, 0),
		fixed(100 * r.cores, 1),
		fixed(100 * (r.time.renderer ?? 0), 1),
		fixed(100 * (r.time.network ?? 0), 1),
		r.cores === results[0].cores ? "-" : `${fixed(100 * (r.cores / results[0].cores - 1), 0)} %`,
		fixed(r.played, 3),
		r.stalls,
	]);
	const head = ["viewer", "peers", "from peers kbit/s", "to peers kbit/s", "% of a core"];
	head.push("renderer", "network", "more", "played", "stalls");
	report("cpu", { seconds, results }, table(head, rows));
} finally {
	for (const browser of browsers) await browser.close();
	await others.stop();
	await publisher.stop();
	await daemon.stop();
}
