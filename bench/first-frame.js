// first-frame.js [--runs=9]: from opening a page with an empty cache to its first
// picture, script and all: our embed page beside stock hls.js on the same playlists, in
// turns; on loopback, and with 50 ms and 4 Mbit/s emulated by the browser.

import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, summary, table } from "../e2e/lib/figures.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { startStockPage } from "../e2e/lib/stock.js";
import { startBrowser } from "../e2e/lib/viewer.js";
import { option, report } from "./lib.js";

const runs = option("runs", 9);
/** Milliseconds and bits a second. */
const lines = [
	{ name: "loopback", latency: 0, rate: 0 },
	{ name: "50 ms, 4 Mbit/s", latency: 50, rate: 4e6 },
];

const daemon = await Daemon.start({ renditions: ["240p"] });
const publisher = new Publisher({ url: daemon.rtmp }).start();
const browser = await startBrowser();
try {
	await daemon.live();
	const stock = await startStockPage(daemon.playlist);
	const pages = [
		{ name: "liverelay", url: `${daemon.origin}/embed/demo` },
		{ name: "stock hls.js", url: stock.url },
	];
	const rows = [];
	/** @type {Record<string, object>} */
	const results = {};
	for (const line of lines) {
		/** @type {Record<string, number[]>} */
		const times = Object.fromEntries(pages.map(({ name }) => [name, []]));
		for (let i = 0; i < runs; i++)
			for (const { name, url } of pages) times[name].push(await firstFrame(url, line));
		for (const { name } of pages) {
			const { p50, p95, max } = summary(times[name]);
			rows.push([line.name, name, fixed(p50), fixed(p95), fixed(max)]);
			results[`${line.name}, ${name}`] = { p50, p95, max, times: times[name] };
		}
	}
	stock.stop();
	report(
		"first-frame",
		{ runs, results },
		table(["line", "player", "p50 s", "p95 s", "max s"], rows),
	);
} finally {
	await browser.close();
	await publisher.stop();
	await daemon.stop();
}

/**
 * Seconds from opening to the first picture.
 * @param {string} url
 * @param {{ latency: number, rate: number }} line
 */
async function firstFrame(url, { latency, rate }) {
	const context = await browser.newContext({ viewport: { width: 960, height: 620 } });
	try {
		await context.addInitScript(watchForPicture);
		const page = await context.newPage();
		if (rate > 0) {
			const session = await context.newCDPSession(page);
			await session.send("Network.enable");
			const throughput = rate / 8;
			await session.send("Network.emulateNetworkConditions", {
				...{
					offline: false,
					latency,
					downloadThroughput: throughput,
					uploadThroughput: throughput,
				},
			});
		}
		await page.goto(url, { waitUntil: "commit" });
		const seen = () => /** @type {any} */ (window).firstPicture;
		const handle = await page.waitForFunction(seen, undefined, { timeout: 30_000, polling: 20 });
		return (await handle.jsonValue()) / 1000;
	} finally {
		await context.close();
	}
}

/** Runs in the page: notes when the first picture is shown, since the page was asked for. */
function watchForPicture() {
	const timer = setInterval(() => {
		const player = document.querySelector("live-relay");
		const video = player?.shadowRoot?.querySelector("video") ?? document.querySelector("video");
		if (!video) return;
		clearInterval(timer);
		video.requestVideoFrameCallback((now) => Object.assign(window, { firstPicture: now }));
	}, 5);
}
