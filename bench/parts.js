// parts.js [--seconds=30] [--parts=100,150,200,250,350,500]: what the length of a part
// costs and gives. For each length a daemon of its own, one source of 640x360 at 30
// pictures a second with a keyframe each second, no ladder, no swarm; the page's own
// player and stock hls.js play at once, glass to glass. All in about six minutes; a length that
// takes a minute longer than it should is given up. Says which length wins: of those with
// the fewest stalls, and which are at most a tenth of a second further behind live than the
// best, both players taken together, the one that takes the fewest requests.

import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { byteRate, usage } from "../e2e/lib/measure.js";
import { pause } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { startStockPage } from "../e2e/lib/stock.js";
import { startBrowser, Viewer } from "../e2e/lib/viewer.js";
import { option, report } from "./lib.js";

const seconds = option("seconds", 30);
const given = process.argv.find((argument) => argument.startsWith("--parts="));
const lengths = (given?.split("=")[1] ?? "100,150,200,250,350,500").split(",").map(Number);

const head = ["part ms", "part target s", "hold-back s"];
head.push(
	"ours p50 / p95 s",
	"stalls",
	"hls.js p50 / p95 s",
	"stalls",
	"requests a second, hls.js",
);
head.push("sent / media", "daemon, % of a core");
/** @type {(string | number)[][]} */
const rows = [];
/** @type {Figures[]} */
const figures = [];
for (const length of lengths) {
	const one = await measure(length).catch((error) => {
		console.error(`${length} ms:`, error);
		process.exitCode = 1;
	});
	if (!one) {
		rows.push([length, "failed", ...head.slice(2).map(() => "")]);
		continue;
	}
	console.error(length, JSON.stringify(one)); // whatever happens to the rest
	figures.push(one);
	rows.push([
		...[length, one.target, one.holdBack],
		...[`${fixed(one.ours.latency.p50)} / ${fixed(one.ours.latency.p95)}`, one.ours.stalls],
		...[`${fixed(one.stock.latency.p50)} / ${fixed(one.stock.latency.p95)}`, one.stock.stalls],
		...[fixed(one.requests, 1), fixed(one.overhead, 3), fixed(one.cores * 100, 1)],
	]);
}
const best = winner();
const verdict = best ? `Wins: parts of ${best.length} ms.` : "None wins: nothing was measured.";
report("parts", { seconds, figures, winner: best?.length }, `${table(head, rows)}\n\n${verdict}`);
process.exit();

/** @typedef {Awaited<ReturnType<typeof measure>>} Figures */

/** The length that wins. */
function winner() {
	const stalls = (/** @type {Figures} */ f) => f.ours.stalls + f.stock.stalls;
	const fewest = Math.min(...figures.map(stalls));
	const behind = (/** @type {Figures} */ f) => f.ours.latency.p50 + f.stock.latency.p50;
	const steady = figures.filter((f) => stalls(f) === fewest);
	const least = Math.min(...steady.map(behind));
	return steady
		.filter((f) => behind(f) <= least + 0.1)
		.toSorted((a, b) => a.requests - b.requests)
		.at(0);
}

/** @param {number} length */
async function measure(length) {
	const hls = { part: `${length}ms`, segment: "2s", window: "40s" };
	const config = { hls, p2p: { mode: "none" } };
	const daemon = await Daemon.start({ renditions: null, config });
	const publisher = new Publisher({ url: daemon.rtmp, keyint: 30 }).start();
	const browser = await startBrowser();
	const page = await startStockPage(daemon.playlist);
	// Whatever is waited for in a browser that is closed fails.
	const limit = setTimeout(() => void browser.close(), (seconds + 60) * 1000);
	try {
		await daemon.live();
		await pause(4000); // some segments
		const ours = await Viewer.open(browser, daemon.watch);
		const stock = await Viewer.open(browser, page.url);
		await Promise.all([ours.plays(), stock.plays()]);
		await pause(5000);
		const before = await sent(daemon);
		await Promise.all([ours.observe(), stock.observe(), watchRequests(stock)]);
		const used = await usage(daemon, seconds);
		const after = await sent(daemon);
		const asked = await requests(stock);
		return {
			length,
			...(await constants(daemon)),
			ours: await ours.observed(),
			stock: await stock.observed(),
			requests: asked.count / seconds,
			// Both play the source with its sound, all of the time.
			overhead: (after - before) / (2 * seconds * (await byteRate(daemon, "source"))),
			cores: used.cores,
			skippedPictures: publisher.skipped,
		};
	} finally {
		clearTimeout(limit);
		await browser.close();
		page.stop();
		await publisher.stop();
		await daemon.stop();
	}
}

/** Bytes sent over all HTTP connections so far. @param {Daemon} daemon */
async function sent(daemon) {
	const text = await (await fetch(`http://127.0.0.1:${daemon.ports.metrics}/metrics`)).text();
	return Number(/^liverelay_http_sent_bytes_total (\S+)$/m.exec(text)?.[1]);
}

/** @param {Daemon} daemon */
async function constants(daemon) {
	const multivariant = await (await fetch(daemon.playlist)).text();
	const name = multivariant.split("\n").find((line) => line.includes("source/index.m3u8"));
	const text = await (await fetch(new URL(name ?? "", daemon.playlist))).text();
	const of = (/** @type {RegExp} */ pattern) => Number(pattern.exec(text)?.[1]);
	return { target: of(/PART-TARGET=([\d.]+)/), holdBack: of(/PART-HOLD-BACK=([\d.]+)/) };
}

/** @param {Viewer} viewer */
async function watchRequests(viewer) {
	await viewer.page.evaluate(() => {
		performance.clearResourceTimings();
		performance.setResourceTimingBufferSize(100_000);
	});
}

/** @param {Viewer} viewer */
function requests(viewer) {
	return viewer.page.evaluate(() => ({ count: performance.getEntriesByType("resource").length }));
}
