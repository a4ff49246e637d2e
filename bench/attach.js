// attach.js [--seconds=20] [--viewers=4]: attached to servers of each kind: the time from the
// command to the first picture in Chromium, what viewers spare the daemon, how far behind live
// they are, and how often upstream was asked for each part.

import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { watch } from "../e2e/lib/measure.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { Nginx, packager } from "../e2e/lib/upstream.js";
import { startBrowser, Viewer } from "../e2e/lib/viewer.js";
import { option, report } from "./lib.js";

const seconds = option("seconds", 20);
const viewers = option("viewers", 4);
const size = { width: 426, height: 240, bitrate: "600k" };

/** @typedef {{ stop(): Promise<unknown> }} Running */
/** @typedef {{ source: string, running: Running[], asked?: () => { files: number, requests: number } }} Upstream */

/** Starts each kind of server, with a publisher. @type {Record<string, () => Promise<Upstream>>} */
const kinds = {
	"HLS, MPEG-TS, 2 s": () => packaged("ts"),
	"HLS, MP4, 2 s": () => packaged("fmp4"),
	"LL-HLS": async () => {
		const upstream = await Daemon.start({ renditions: null });
		const publisher = new Publisher({ url: upstream.rtmp, ...size }).start();
		await upstream.live();
		return { source: upstream.playlist, running: [publisher, upstream] };
	},
	"nginx's RTMP module": async () => {
		const nginx = await Nginx.start();
		const source = `rtmp://127.0.0.1:${nginx.ports.rtmp}/live/bench`;
		const publisher = new Publisher({ url: source, ...size }).start();
		await publisher.ffmpeg.prints(/./, 3000).catch(() => {}); // time to begin, and no output
		return { source, running: [publisher, nginx] };
	},
};

/** @param {"ts" | "fmp4"} kind @returns {Promise<Upstream>} */
async function packaged(kind) {
	const nginx = await Nginx.start();
	const output = packager[kind](nginx.hls);
	const publisher = new Publisher({ url: "", ...size, output }).start();
	const source = `${nginx.origin}/hls/index.m3u8`;
	for (let tries = 0; tries < 100 && !(await fetch(source)).ok; tries++)
		await new Promise((resolve) => setTimeout(resolve, 200));
	return { source, running: [publisher, nginx], asked: () => nginx.media() };
}

/** From the command to a moving picture. @param {string} source */
async function firstPicture(source) {
	const browser = await startBrowser();
	const began = performance.now();
	const daemon = await Daemon.start({
		renditions: null,
		config: { streams: { demo: { source } } },
	});
	try {
		const viewer = await Viewer.open(browser, daemon.watch);
		await viewer.page.waitForFunction(
			() => {
				const player = document.querySelector("live-relay");
				const video = player?.shadowRoot?.querySelector("video");
				return video && video.currentTime > 0 && video.videoWidth > 0 && !video.paused;
			},
			undefined,
			{ timeout: 60_000, polling: 20 },
		);
		return { daemon, took: (performance.now() - began) / 1000 };
	} catch (error) {
		await daemon.stop();
		throw error;
	} finally {
		await browser.close();
	}
}

/** @type {(string | number)[][]} */
const rows = [];
/** @type {Record<string, object>} */
const results = {};
for (const [kind, start] of Object.entries(kinds)) {
	const upstream = await start();
	try {
		const { daemon, took } = await firstPicture(upstream.source);
		try {
			const result = await watch(daemon, { viewers, seconds, settle: 8 });
			const asked = upstream.asked?.();
			results[kind] = { took, asked, ...result };
			rows.push([
				kind,
				fixed(took),
				result.viewers.map((viewer) => fixed(viewer.latency.p50)).join(", "),
				result.viewers.map((viewer) => viewer.stalls).join(", "),
				fixed(result.possible),
				fixed(result.steady.offload),
				asked ? `${fixed(asked.requests / asked.files)} (${asked.files})` : "not counted",
			]);
		} finally {
			await daemon.stop();
		}
	} catch (error) {
		rows.push([kind, "failed", "", "", "", "", ""]);
		console.error(kind, error);
		process.exitCode = 1;
	} finally {
		for (const one of upstream.running) await one.stop();
	}
}
const head = ["attached to", "first picture s", "latency p50 s, each", "stalls, each"];
head.push("possible", "offload", "upstream requests per part (parts)");
report("attach", { seconds, viewers, results }, table(head, rows));
