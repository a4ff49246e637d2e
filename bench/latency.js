// latency.js [--viewers=2] [--seconds=60]: glass-to-glass latency in Chromium with the
// ladder on, from a clock in the picture of a 640x360 source at 30 pictures a second;
// and, after it, the same for stock hls.js on the same playlists.

import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { watch } from "../e2e/lib/measure.js";
import { pause } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { startStockPage } from "../e2e/lib/stock.js";
import { startBrowser, Viewer } from "../e2e/lib/viewer.js";
import { option, picture, report } from "./lib.js";

const viewers = option("viewers", 2);
const seconds = option("seconds", 60);

const daemon = await Daemon.start({ renditions: ["240p"] });
const publisher = new Publisher({ url: daemon.rtmp }).start();
try {
	await daemon.live();
	const result = await watch(daemon, { viewers, seconds, screenshot: picture("latency.png") });
	/** @type {(string | number)[][]} */
	const rows = result.viewers.map((viewer, i) => [
		i + 1,
		viewer.stats.rendition,
		fixed(viewer.latency.p50),
		fixed(viewer.latency.p95),
		fixed(viewer.latency.max),
		viewer.latency.samples,
		viewer.stalls,
		viewer.stats.stalls,
		fixed(viewer.stats.joinSeconds),
		`${viewer.stats.httpParts} / ${viewer.stats.p2pParts}`,
	]);
	const stock = await watchStock();
	rows.push([
		"hls.js",
		stock.height === 360 ? "source" : `${stock.height}p`,
		fixed(stock.latency.p50),
		fixed(stock.latency.p95),
		fixed(stock.latency.max),
		stock.latency.samples,
		stock.stalls,
		...["-", "-", "-"],
	]);
	const head = ["viewer", "rendition", "p50 s", "p95 s", "max s", "samples"];
	head.push("stalls seen", "stalls said", "join s", "parts HTTP / peers");
	report(
		"latency",
		{ seconds, skippedPictures: publisher.skipped, ...result, stock },
		table(head, rows),
	);
} finally {
	await publisher.stop();
	await daemon.stop();
}

/** One viewer with stock hls.js. */
async function watchStock() {
	const page = await startStockPage(daemon.playlist);
	const browser = await startBrowser();
	try {
		const viewer = await Viewer.open(browser, page.url);
		await viewer.plays();
		await pause(10_000);
		await viewer.observe();
		await pause(seconds * 1000);
		return await viewer.observed();
	} finally {
		await browser.close();
		page.stop();
	}
}
