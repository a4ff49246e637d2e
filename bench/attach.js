// attach.js [--seconds=20] [--viewers=4] [--only=TEXT] [--headless=1]: attached to servers of each kind: the
// time from the command to the first picture in Chromium, what viewers spare the daemon, how
// far behind live they are, and how often upstream was asked for each part. With MEDIAMTX=its
// program also to the real MediaMTX. A kind that takes two minutes longer than it should is given up. --headless=1 takes headless viewers (`liverelay viewers`) instead, and
// measures no first picture: for machines that are too slow for so many browsers.

import { Counters } from "../e2e/lib/counters.js";
import { counting } from "../e2e/lib/counting.js";
import { binary, Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { watch } from "../e2e/lib/measure.js";
import { MediaMTX, mediamtx } from "../e2e/lib/mediamtx.js";
import { peertubeStandIn } from "../e2e/lib/peertube.js";
import { eventually, pause, run } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { Nginx, packager } from "../e2e/lib/upstream.js";
import { startBrowser, Viewer } from "../e2e/lib/viewer.js";
import { option, report } from "./lib.js";

const seconds = option("seconds", 20);
const viewers = option("viewers", 4);
const isHeadless = option("headless", 0) === 1;
const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice(7) ?? "";
const size = { width: 426, height: 240, bitrate: "600k" };

/** @typedef {{ stop(): Promise<unknown> }} Running */
/**
 * @typedef {object} Upstream
 * @property {string} source
 * @property {Running[]} running
 * @property {() => { files: number, requests: number }} [asked] none where one connection brings all
 * @property {Record<string, unknown>} [outbound]
 */

/** Starts each kind of server, with a publisher. @type {Record<string, () => Promise<Upstream>>} */
const kinds = {
	"HLS, MPEG-TS, 2 s": () => packaged("ts"),
	"HLS, MP4, 2 s": () => packaged("fmp4"),
	"LL-HLS, liverelay's": async () => {
		const upstream = await Daemon.start({ renditions: null });
		const publisher = new Publisher({ url: upstream.rtmp, ...size }).start();
		await upstream.live();
		const proxy = await counting(upstream.ports.http);
		const source = `${proxy.origin}/live/demo/index.m3u8`;
		return { source, running: [publisher, upstream, proxy], asked: proxy.media };
	},
	"nginx's RTMP module, its HLS": async () => {
		const nginx = await Nginx.start();
		const url = `rtmp://127.0.0.1:${nginx.ports.rtmp}/live/bench`;
		const publisher = new Publisher({ url, ...size }).start();
		const source = `${nginx.origin}/module/bench.m3u8`;
		await eventually("nginx has HLS", async () => (await fetch(source)).ok, 20_000);
		return { source, running: [publisher, nginx], asked: () => nginx.media() };
	},
	"nginx's RTMP module, its RTMP": async () => {
		const nginx = await Nginx.start();
		const source = `rtmp://127.0.0.1:${nginx.ports.rtmp}/live/bench`;
		const publisher = new Publisher({ url: source, ...size }).start();
		const made = `${nginx.origin}/module/bench.m3u8`;
		await eventually("nginx has it", async () => (await fetch(made)).ok, 20_000);
		return { source, running: [publisher, nginx] };
	},
	"PeerTube, a stand-in": async () => {
		const upstream = await packaged("fmp4");
		const peertube = await peertubeStandIn({ playlist: upstream.source });
		peertube.begin();
		const outbound = { allow_hosts: [new URL(upstream.source).host] };
		const running = [...upstream.running, peertube];
		return { ...upstream, running, source: peertube.watch, outbound };
	},
	...(mediamtx && {
		"MediaMTX, its LL-HLS": async () => {
			const upstream = await MediaMTX.start();
			const publisher = new Publisher({ url: upstream.rtmp, ...size }).start();
			await upstream.live();
			const proxy = await counting(upstream.ports.hls);
			const running = [publisher, upstream, proxy];
			return { source: `${proxy.origin}/demo/`, running, asked: proxy.media };
		},
		"MediaMTX, its RTSP": async () => {
			const upstream = await MediaMTX.start();
			const publisher = new Publisher({ url: upstream.rtmp, ...size }).start();
			await upstream.live();
			return { source: upstream.rtsp, running: [publisher, upstream] };
		},
	}),
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

/**
 * Fails when it takes longer than so many seconds. What it had started goes with upstream,
 * or with this program.
 * @template T
 * @param {number} seconds
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
function within(seconds, work) {
	const late = pause(seconds * 1000).then(() => {
		throw new Error(`not within ${seconds} s`);
	});
	return Promise.race([work, late]);
}

/** From the command to a moving picture. @param {Upstream} upstream */
async function firstPicture({ source, outbound = {} }) {
	const browser = await startBrowser();
	const began = performance.now();
	const daemon = await Daemon.start({
		renditions: null,
		config: { streams: { demo: { source } }, outbound },
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

/**
 * Headless viewers, and what the daemon sent from the twelfth second on.
 * @param {Daemon} daemon
 */
async function watchHeadless(daemon) {
	const [joining, whole] = [12, seconds + 13];
	const counters = await Counters.start(daemon.ports);
	const args = ["viewers", "-n", `${viewers}`, "--duration", `${whole}s`, "--json", "--detail"];
	const running = run(binary, [...args, daemon.watch], { timeout: (whole + 60) * 1000 });
	await pause(joining * 1000);
	const before = await counters.read();
	await pause(seconds * 1000);
	const after = await counters.read();
	const { stdout, stderr, code } = await running;
	if (code !== 0) throw new Error(stderr);
	const said = JSON.parse(/** @type {string} */ (String(stdout).trim().split("\n").at(-1)));
	/** @param {number} at */
	const played = (at) =>
		said.timeline.findLast((/** @type {{ at: number }} */ second) => second.at < at + 0.5)
			.playedBytes;
	const sent = after.http + after.stun - before.http - before.stun;
	return { said, offload: 1 - sent / (played(joining + seconds) - played(joining)) };
}

/** @param {Upstream} upstream */
async function headless({ source, outbound = {}, asked }) {
	const daemon = await Daemon.start({
		renditions: null,
		config: { streams: { demo: { source } }, outbound },
	});
	try {
		await daemon.live(40_000);
		await pause(10_000); // so that there are segments to begin with
		const { said, offload } = await watchHeadless(daemon);
		const result = { asked: asked?.(), stalls: said.stalls, latency: said.latency, offload };
		const { p50, p95 } = said.latency;
		return { result, row: ["", `${fixed(p50)} / ${fixed(p95)}`, said.stalls, offload] };
	} finally {
		await daemon.stop();
	}
}

/** @param {Upstream} upstream */
async function browsers(upstream) {
	const { daemon, took } = await firstPicture(upstream);
	try {
		const seen = await watch(daemon, { viewers, seconds, settle: 8 });
		const result = { took, asked: upstream.asked?.(), ...seen };
		const each = seen.viewers.map((viewer) => fixed(viewer.latency.p50)).join(", ");
		const stalls = seen.viewers.map((viewer) => viewer.stalls).join(", ");
		return { result, row: [fixed(took), each, stalls, seen.steady.offload] };
	} finally {
		await daemon.stop();
	}
}

/** @type {(string | number)[][]} */
const rows = [];
/** @type {Record<string, object>} */
const results = {};
for (const [kind, start] of Object.entries(kinds)) {
	if (!kind.includes(only)) continue;
	const upstream = await start();
	try {
		const late = seconds + 150;
		const { result, row } = await (isHeadless
			? within(late, headless(upstream))
			: within(late, browsers(upstream)));
		results[kind] = result;
		console.error(kind, JSON.stringify(result)); // whatever happens to the rest
		const [first, latency, stalls, offload] = row;
		const asked = result.asked;
		rows.push([
			...[kind, first, latency, stalls, fixed((viewers - 1) / viewers), fixed(Number(offload))],
			asked ? `${fixed(asked.requests / asked.files)} (${asked.files})` : "one connection",
		]);
	} catch (error) {
		rows.push([kind, "failed", "", "", "", "", ""]);
		console.error(kind, error);
		process.exitCode = 1;
	} finally {
		for (const one of upstream.running) await one.stop();
	}
}
const head = ["attached to", "first picture s"];
head.push(
	...(isHeadless
		? ["latency p50 / p95 s", "stalls, all"]
		: ["latency p50 s, each", "stalls, each"]),
);
head.push("possible", "offload", "upstream requests per part (parts)");
const name = isHeadless ? "attach-headless" : "attach";
report(name, { seconds, viewers, results }, table(head, rows));
process.exit();
