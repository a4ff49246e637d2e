// soak.js [--minutes=60] [--grace=30]: a broadcast that nothing ends. The publisher is
// killed every minute, the ladder's ffmpeg killed or stopped (SIGSTOP) at random, the
// daemon killed twice, while a real player watches. It fails when the player stalls for
// longer than grace + 2 s, or when it has another broadcast in the end than in the
// beginning. Memory and goroutines of the daemon go into bench/out/soak.svg.

import { writeFileSync } from "node:fs";
import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { encoders, eventually, pause } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { startBrowser, Viewer } from "../e2e/lib/viewer.js";
import { option, picture, report } from "./lib.js";
import { soak } from "./plot/soak.js";
import { draw } from "./plot/svg.js";

const minutes = option("minutes", 60);
const grace = option("grace", 30);
const end = minutes * 60_000;

const daemon = await Daemon.start({ renditions: ["240p"], config: { grace: `${grace}s` } });
let publisher = new Publisher({ url: daemon.rtmp }).start();
const browser = await startBrowser();
const began = Date.now();
const since = () => (Date.now() - began) / 1000;
/** @type {{ at: number, what: string }[]} */
const events = [];
/** @type {{ at: number, memory: number, goroutines: number, state: string, stalled: number }[]} */
const samples = [];
let isOver = false;
/** @type {() => void} */
let finish = () => {};
/** @type {Promise<void>} */
const over = new Promise((resolve) => {
	finish = resolve;
});
/** Waits, but not beyond the end. @param {number} milliseconds */
const rest = (milliseconds) => Promise.race([pause(milliseconds), over]);

/** @param {string} what */
function note(what) {
	events.push({ at: since(), what });
	console.log(`${since().toFixed(1).padStart(7)} s  ${what}`);
}

/** Longest time without a picture that moves, in seconds, as the page saw it. */
const watchPicture = () => {
	const player = document.querySelector("live-relay");
	const video = player?.shadowRoot?.querySelector("video");
	/** @type {{ longest: number, since: number, at: number, stalls: { until: number, seconds: number }[] }} */
	const seen = { longest: 0, since: performance.now(), at: 0, stalls: [] };
	Object.assign(window, { seen });
	setInterval(() => {
		const now = performance.now();
		if (video && !video.paused && video.currentTime !== seen.at) {
			const seconds = (now - seen.since) / 1000;
			seen.longest = Math.max(seen.longest, seconds);
			if (seconds > 1) seen.stalls.push({ until: Date.now(), seconds });
			seen.since = now;
			seen.at = video.currentTime;
		}
	}, 50);
};

/** @param {Viewer} viewer @returns {Promise<number>} */
const longest = (viewer) =>
	viewer.page.evaluate(() => {
		const { seen } = /** @type {any} */ (window);
		return Math.max(seen.longest, (performance.now() - seen.since) / 1000);
	});

/** Each time of more than a second without a picture that moves. @param {Viewer} viewer */
async function stallsOf(viewer) {
	/** @type {{ until: number, seconds: number }[]} */
	const stalls = await viewer.page.evaluate(() => /** @type {any} */ (window).seen.stalls);
	return stalls.map(({ until, seconds }) => ({
		at: (until - began) / 1000 - seconds,
		seconds,
	}));
}

/** A figure of the daemon's metrics. @param {string} text @param {string} name */
const metric = (text, name) =>
	Number(text.match(new RegExp(`^${name} (\\S+)`, "m"))?.[1] ?? Number.NaN);

/** @param {Viewer} viewer */
async function sample(viewer) {
	const url = `http://127.0.0.1:${daemon.ports.metrics}/metrics`;
	const text = await fetch(url)
		.then((r) => r.text())
		.catch(() => "");
	if (text === "") return; // killed a moment ago
	const stats = await viewer.stats();
	samples.push({
		at: since(),
		memory: metric(text, "process_resident_memory_bytes") / 2 ** 20,
		goroutines: metric(text, "go_goroutines"),
		state: stats.state,
		stalled: stats.stalledSeconds,
	});
}

/** Hits the ladder every 20 to 50 s. */
async function hitEncoder() {
	while (!isOver) {
		await rest(20_000 + Math.random() * 30_000);
		const [pid] = isOver ? [] : encoders(daemon.process.pid);
		if (!pid) continue;
		const signal = Math.random() < 0.5 ? "SIGKILL" : "SIGSTOP";
		note(`encoder ${signal}`);
		try {
			process.kill(pid, signal);
		} catch {
			// It was quicker.
		}
	}
}

/** Kills the publisher every minute; it is away for 2 s to two thirds of the grace period. */
async function hitPublisher() {
	while (!isOver) {
		await rest(Math.min(60_000, end / 4));
		if (isOver) return;
		const away = 2000 + Math.random() * (grace * 667 - 2000);
		note(`publisher killed, away for ${fixed(away / 1000, 1)} s`);
		await publisher.crash();
		await rest(away);
		publisher = new Publisher({ url: daemon.rtmp }).start();
		note("publisher back");
	}
}

/** Kills the daemon after a third and after two thirds of the time. */
async function hitDaemon() {
	for (const third of [1, 2]) {
		await pause(Math.max(0, began + (end * third) / 3 - Date.now()));
		note("daemon killed");
		const wasOn = publisher.ffmpeg.running; // it ends with its connection
		await daemon.crash();
		await daemon.again();
		note("daemon back");
		if (wasOn) {
			await publisher.stop(); // an encoder reconnects; ffmpeg has to be started
			publisher = new Publisher({ url: daemon.rtmp }).start();
		}
	}
}

const join = async () => (await fetch(`${daemon.watch}/join`)).json();

try {
	await daemon.live();
	const viewer = await Viewer.open(browser, daemon.watch);
	await viewer.plays();
	await viewer.page.evaluate(watchPicture);
	const { epoch } = await join();
	const sampling = setInterval(() => void sample(viewer).catch(() => {}), 2000);
	const hits = [hitEncoder(), hitPublisher(), hitDaemon()];
	await pause(end);
	isOver = true;
	finish();
	await Promise.all(hits);
	await eventually("it is live", async () => (await join()).state === "live", grace * 1000);
	await pause(10_000);
	clearInterval(sampling);
	const stall = await longest(viewer);
	const stats = await viewer.stats();
	writeFileSync(picture("soak.svg"), draw(soak(samples, events)));
	const figures = {
		minutes,
		grace,
		longestStall: stall,
		stalledSeconds: stats.stalledSeconds,
		stalls: stats.stalls,
		state: stats.state,
		longStalls: await stallsOf(viewer),
		complaints: viewer.complaints.slice(-50),
		sameBroadcast: (await join()).epoch === epoch,
		samples: samples.filter((_, i) => i % 15 === 0),
		events,
	};
	report(
		"soak",
		figures,
		table(
			["minutes", "longest stall s", "stalled s", "state", "same broadcast", "MiB", "goroutines"],
			[
				[
					minutes,
					fixed(stall, 1),
					fixed(stats.stalledSeconds, 1),
					stats.state,
					String(figures.sameBroadcast),
					`${fixed(samples[0].memory, 0)} to ${fixed(samples.at(-1)?.memory ?? Number.NaN, 0)}`,
					`${samples[0].goroutines} to ${samples.at(-1)?.goroutines}`,
				],
			],
		),
	);
	if (stall > grace + 2 || !figures.sameBroadcast || stats.state !== "playing")
		throw new Error(`the player stalled for ${fixed(stall, 1)} s, or has another broadcast`);
} finally {
	isOver = true;
	await browser.close();
	await publisher.stop();
	await daemon.stop();
}
process.exit(0);
