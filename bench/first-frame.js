// first-frame.js [--runs=10] [--busy=0]: from opening a page with an empty cache to its first
// picture, and until it moves, script and all: our embed page beside stock hls.js on the
// same playlists, in turns (never: not within 20 s); on loopback, and with 50 ms and 4 Mbit/s emulated by the
// browser (Network.emulateNetworkConditions of its DevTools: each answer is held back by
// 50 ms, and all of them share 4 Mbit/s). busy is how many other programs want the
// processor all the time. Exits with 1 when ours is the slower one.

import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, summary, table } from "../e2e/lib/figures.js";
import { Process, pause } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { startStockPage } from "../e2e/lib/stock.js";
import { startBrowser } from "../e2e/lib/viewer.js";
import { option, report } from "./lib.js";

const runs = option("runs", 10);
/** Milliseconds within which there has to be a picture. */
const patience = 20_000;
/** Milliseconds and bits a second. */
const lines = [
	{ name: "loopback", latency: 0, rate: 0 },
	{ name: "50 ms, 4 Mbit/s", latency: 50, rate: 4e6 },
];

const daemon = await Daemon.start({ renditions: ["240p"] });
const publisher = new Publisher({ url: daemon.rtmp }).start();
const browser = await startBrowser();
const others = Array.from(
	{ length: option("busy", 0) },
	() => new Process("sh", ["-c", "while :; do :; done"]),
);
try {
	await daemon.live();
	const stock = await startStockPage(daemon.playlist);
	const pages = [
		{ name: "liverelay", url: `${daemon.origin}/embed/demo` },
		{ name: "stock hls.js", url: stock.url },
	];
	// Most who come find a stream that has been on for a while, and a browser that is awake.
	await pause(8_000);
	for (const { url } of pages) await open(url, lines[0]);

	/** @type {(string | number)[][]} */
	const rows = [];
	/** @type {Record<string, object>} */
	const results = {};
	let isSlower = false;
	for (const line of lines) {
		/** @type {Record<string, Seen[]>} */
		const seen = Object.fromEntries(pages.map(({ name }) => [name, []]));
		for (let i = 0; i < runs; i++)
			for (const { name, url } of pages) seen[name].push(await open(url, line));
		const medians = pages.map(({ name }) => {
			const picture = summary(seen[name].map((s) => s.picture));
			const moving = summary(seen[name].map((s) => s.moving));
			const figures = [picture.p50, picture.p95, picture.max, moving.p50, moving.p95];
			const never = seen[name].filter((s) => !Number.isFinite(s.moving)).length;
			rows.push([line.name, name, ...figures.map((f) => fixed(f)), never]);
			results[`${line.name}, ${name}`] = { picture, moving, never, seen: seen[name] };
			return picture.p50;
		});
		isSlower ||= medians[0] > medians[1];
	}
	stock.stop();
	report(
		"first-frame",
		{ runs, results },
		table(
			["line", "player", "first picture p50 s", "p95 s", "max s", "moves p50 s", "p95 s", "never"],
			rows,
		),
	);
	if (isSlower) process.exitCode = 1;
} finally {
	await Promise.all(others.map((other) => other.stop()));
	await browser.close();
	await publisher.stop();
	await daemon.stop();
}

/**
 * @typedef {object} Seen seconds from opening the page
 * @property {number} picture the first one was shown
 * @property {number} moving the second one was
 */

/**
 * Opens a page in a browser context of its own, until it plays.
 * @param {string} url
 * @param {{ latency: number, rate: number }} line
 * @returns {Promise<Seen>}
 */
async function open(url, { latency, rate }) {
	const context = await browser.newContext({ viewport: { width: 960, height: 620 } });
	try {
		await context.addInitScript(watchForPictures);
		const page = await context.newPage();
		if (rate > 0) {
			const session = await context.newCDPSession(page);
			const [downloadThroughput, uploadThroughput] = [rate / 8, rate / 8];
			const conditions = { offline: false, latency, downloadThroughput, uploadThroughput };
			await session.send("Network.enable");
			await session.send("Network.emulateNetworkConditions", conditions);
		}
		await page.goto(url, { waitUntil: "commit" });
		const shown = () =>
			/** @type {any} */ (window).shown?.length > 1 && /** @type {any} */ (window).shown;
		const options = { timeout: patience, polling: 50 };
		const handle = await page.waitForFunction(shown, undefined, options).catch(async () => {
			console.error(`${url} does not play: ${await page.evaluate(state)}`);
			return null;
		});
		if (!handle) return { picture: Number.POSITIVE_INFINITY, moving: Number.POSITIVE_INFINITY };
		const [picture, moving] = await handle.jsonValue();
		return { picture: picture / 1000, moving: moving / 1000 };
	} finally {
		await context.close();
	}
}

/**
 * Runs in the page: notes when the first picture is shown, and when one is that follows it
 * while the video plays, in milliseconds since the page was asked for.
 */
function watchForPictures() {
	/** @type {number[]} */
	const shown = [];
	Object.assign(window, { shown });
	const timer = setInterval(() => {
		const player = document.querySelector("live-relay");
		const video = player?.shadowRoot?.querySelector("video") ?? document.querySelector("video");
		if (!video) return;
		clearInterval(timer);
		/** @type {VideoFrameRequestCallback} */
		const note = (now) => {
			if (shown.length === 0 || !video.paused) shown.push(now);
			if (shown.length < 2) video.requestVideoFrameCallback(note);
		};
		video.requestVideoFrameCallback(note);
	}, 5);
}

/** Runs in the page: what there is to say of a video that does not play. */
function state() {
	const player = /** @type {any} */ (document.querySelector("live-relay"));
	const video = player?.shadowRoot?.querySelector("video") ?? document.querySelector("video");
	const { shown, trouble } = /** @type {any} */ (window);
	const { currentTime, readyState, paused, seeking, buffered } = video ?? {};
	const ranges = Array.from({ length: buffered?.length ?? 0 }, (_, i) => [
		buffered.start(i),
		buffered.end(i),
	]);
	const about = { currentTime, readyState, paused, seeking, ranges, shown, trouble };
	return JSON.stringify({ ...about, stats: player?.stats });
}
