// A publisher that drops out, and a daemon that dies: what viewers see of it, with our
// player, stock hls.js and ffmpeg.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as playlists from "../lib/playlists.js";
import { eventually, Process, pause } from "../lib/process.js";
import { live } from "../lib/stage.js";
import { startStockPage } from "../lib/stock.js";
import { Viewer } from "../lib/viewer.js";

/** @typedef {import("../lib/daemon.js").Daemon} Daemon */
/** @typedef {import("../lib/publisher.js").Publisher} Publisher */

/** @param {Daemon} daemon */
const join = async (daemon) => (await fetch(`${daemon.watch}/join`)).json();

/** A small picture: two players, ffmpeg, an encoder and a publisher share the machine. */
const scene = { renditions: ["144p"], picture: { width: 426, height: 240, bitrate: "500k" } };

/**
 * Seconds that a player has to go on by while the publisher is away: more than it has of before.
 * How long that takes is not asked here, for stock hls.js stands as long as it likes where parts
 * come late, and a busy machine holds up any player; ours is held to its stalls, below.
 */
const still = 4;

/**
 * The states that a player goes through from now on.
 * @param {Viewer} viewer
 */
const watchStates = (viewer) =>
	viewer.page.evaluate(() => {
		const player = document.querySelector("live-relay");
		/** @type {string[]} */
		const states = [];
		Object.assign(window, { states });
		setInterval(() => {
			const { state } = /** @type {any} */ (player).stats;
			if (states.at(-1) !== state) states.push(state);
		}, 50);
	});

/** @param {Viewer} viewer @returns {Promise<string[]>} */
const states = (viewer) => viewer.page.evaluate(() => /** @type {any} */ (window).states);

/**
 * Where a page's video is, and how much of it was played, in seconds. A player that begins
 * anew is at 0; a page that is held up for a second does not count it.
 * @param {Viewer} viewer
 */
const progress = async (viewer) => ({
	at: await viewer.page.evaluate(() => {
		const player = document.querySelector("live-relay");
		const video = player?.shadowRoot?.querySelector("video") ?? document.querySelector("video");
		return video?.currentTime ?? 0;
	}),
	played: await viewer.playedSeconds(),
});

/**
 * Waits until a player has gone on over the still.
 * @param {string} name
 * @param {Viewer} viewer
 */
async function goesOn(name, viewer) {
	const from = await progress(viewer);
	await eventually(`${name} goes on over the still`, async () => {
		const { at, played } = await progress(viewer);
		const passed = Math.max(at - from.at, played - from.played);
		return passed > still || Promise.reject(`by ${passed} s only`);
	});
}

describe("a broadcast survives its publisher", () => {
	for (const [how, leave] of /** @type {const} */ ([
		["killed", (/** @type {Publisher} */ p) => p.crash()],
		["ended, as OBS ends before it reconnects", (/** @type {Publisher} */ p) => p.stop()],
	])) {
		test(`${how}: viewers have a still, and then live again`, async (t) => {
			const { daemon, publisher, publish, browser } = await live(t, scene);
			const page = await startStockPage(daemon.playlist);
			t.after(page.stop);
			const [ours, stock] = [
				await Viewer.open(browser, daemon.watch),
				await Viewer.open(browser, page.url),
			];
			const ffmpeg = new Process("ffmpeg", [
				..."-hide_banner -v warning -nostats -i".split(" "),
				...[daemon.playlist, ..."-map 0:v:0 -t 25 -progress pipe:1 -f null -".split(" ")],
			]);
			t.after(() => ffmpeg.stop());
			await Promise.all([ours.plays(), stock.plays()]);
			await pause(3000);
			await watchStates(ours);
			const before = { join: await join(daemon), stats: await ours.stats() };

			const left = Date.now();
			await leave(publisher);
			await eventually("it is said", async () => (await join(daemon)).state === "interrupted");
			await eventually("the player says so", async () =>
				(await states(ours)).includes("interrupted"),
			);
			await Promise.all([goesOn("our player", ours), goesOn("stock hls.js", stock)]);
			const { playlists: all } = playlists.readMultivariant(
				await playlists.text(daemon.playlist),
				daemon.playlist,
			);
			for (const url of all) playlists.readMedia(await playlists.text(url), url);

			publish();
			await eventually("it is live", async () => (await join(daemon)).state === "live");
			const away = (Date.now() - left) / 1000;
			// What is asked for is that it comes back, not what it does at one moment: a busy
			// machine stalls any player for some tenths of a second.
			await eventually("it plays", async () => (await states(ours)).at(-1) === "playing").catch(
				async (error) => {
					throw new Error(`${error}: ${await states(ours)} ${JSON.stringify(await ours.stats())}`);
				},
			);
			await pause(2000);
			await Promise.all([ours.observe(), stock.observe()]);
			await pause(4000);
			for (const viewer of [ours, stock])
				await eventually("new pictures are shown", async () => {
					const { latency } = await viewer.observed();
					return latency.samples > 10 || Promise.reject(JSON.stringify(latency));
				});
			const after = await join(daemon);
			assert.equal(after.epoch, before.join.epoch, "one broadcast");
			const stats = await ours.stats();
			const stalled = stats.stalledSeconds - before.stats.stalledSeconds;
			// A player that waited for the publisher would stall for all of that time. With a still
			// it stalls for none of it, but for what a busy machine costs.
			assert.ok(stalled < away / 2, `stalled for ${stalled} s of ${away}`);
			for (const viewer of [ours, stock]) {
				const seen = await viewer.observed();
				assert.ok(seen.latency.p50 < 5, `back at the live edge: ${JSON.stringify(seen.latency)}`);
			}
			const trouble = await stock.page.evaluate(() => /** @type {any} */ (window).trouble);
			assert.ok(
				!trouble.some((/** @type {string} */ e) => /fatal|fragGap/.test(e)),
				String(trouble),
			);
			assert.equal(await ffmpeg.ended, 0, ffmpeg.log);
		});
	}
});

test("a daemon that is killed goes on with the broadcast, and so do its viewers", async (t) => {
	const { daemon, publisher, publish, browser } = await live(t, scene);
	const viewer = await Viewer.open(browser, daemon.watch);
	await viewer.plays();
	await pause(4000);
	const before = { join: await join(daemon), names: await names(daemon) };

	await daemon.crash();
	await publisher.stop();
	await daemon.again();
	const resumed = await join(daemon);
	assert.equal(resumed.epoch, before.join.epoch, "the same broadcast");
	publish();
	await eventually("it is live", async () => (await join(daemon)).state === "live");
	await eventually("the player is back", () => advances(viewer), 12_000);
	await viewer.observe();
	await pause(4000);
	const seen = await viewer.observed();
	assert.ok(seen.latency.samples > 10 && seen.latency.p50 < 5, JSON.stringify(seen));
	const used = await names(daemon);
	for (const name of before.names) assert.ok(!used.has(name), `${name} was used twice`);
	assert.match(daemon.process.log, /broadcast resumed/);
	assert.equal((await viewer.stats()).rejectedChunks, 0, "its signatures are believed");
});

/** Whether it plays all of a second. @param {Viewer} viewer */
async function advances(viewer) {
	const from = await viewer.playedSeconds();
	await pause(1000);
	const { state } = await viewer.stats();
	return state === "playing" && (await viewer.playedSeconds()) - from > 0.8;
}

/** Parts and segments that playlists name now. @param {Daemon} daemon */
async function names(daemon) {
	const { playlists: all } = playlists.readMultivariant(
		await playlists.text(daemon.playlist),
		daemon.playlist,
	);
	const found = new Set();
	for (const url of all) {
		const text = await playlists.text(url);
		for (const [name] of text.matchAll(/\b[ps]\d+\.m4s/g))
			found.add(`${playlists.renditionOf(url)}/${name}`);
	}
	return found;
}
