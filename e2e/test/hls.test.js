// What any HLS player gets: playlists, segments, parts, keyframes.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Daemon } from "../lib/daemon.js";
import * as playlists from "../lib/playlists.js";
import { pause, run } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { startStockPage } from "../lib/stock.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

describe("a 640x360 source with the ladder", () => {
	/** @type {Daemon} */
	let daemon;
	/** @type {Publisher} */
	let publisher;
	/** @type {{ variants: any[], playlists: string[] }} */
	let multivariant;

	before(async () => {
		daemon = await Daemon.start({ renditions: ["240p"] });
		publisher = new Publisher({ url: daemon.rtmp }).start();
		await daemon.live();
		await pause(9_000); // a few segments
		multivariant = playlists.readMultivariant(
			await playlists.text(daemon.playlist),
			daemon.playlist,
		);
	});
	after(async () => {
		await publisher?.stop();
		await daemon?.stop();
	});

	const media = async () =>
		Promise.all(
			multivariant.playlists.map(async (url) =>
				playlists.readMedia(await playlists.text(url), url),
			),
		);

	test("two strict parsers find nothing, and constants are the same everywhere", async () => {
		const all = await media();
		const names = all.map(({ url }) => playlists.renditionOf(url)).sort();
		assert.deepEqual(names, ["240p", "audio", "source"]);
		for (const playlist of all) {
			assert.equal(playlist.targetDuration, all[0].targetDuration);
			assert.equal(playlist.partTarget, all[0].partTarget);
			assert.equal(playlist.partHoldBack, all[0].partHoldBack);
			assert.ok(playlist.segments.length >= 3, playlist.text);
			assert.ok(playlist.hint, playlist.text);
			assert.ok(
				playlist.segments.some((s) => s.programDateTime),
				playlist.text,
			);
			assert.equal(playlist.reports.length, all.length - 1, playlist.text);
		}
	});

	test("a blocking reload answers with the part it was asked for", async () => {
		for (const before of await media()) {
			const msn = before.mediaSequence + before.segments.length;
			const url = `${before.url}?_HLS_msn=${msn}&_HLS_part=${before.tail.length}`;
			const now = playlists.readMedia(await playlists.text(url), before.url);
			const open = now.mediaSequence + now.segments.length;
			assert.ok(open > msn || now.tail.length > before.tail.length, now.text);
		}
	});

	test("a delta update is shorter and leaves out what it says", async () => {
		for (const whole of await media()) {
			const delta = playlists.readMedia(
				await playlists.text(`${whole.url}?_HLS_skip=YES`),
				whole.url,
			);
			const edge = delta.mediaSequence + delta.skipped + delta.segments.length;
			assert.ok(edge >= whole.mediaSequence + whole.segments.length, delta.text);
		}
	});

	test("a hinted part is held open until it exists", async () => {
		for (const playlist of await media()) {
			assert.ok((await playlists.bytes(playlist.hint)).length > 0);
		}
	});

	test("parts are their segment, byte for byte", async () => {
		for (const playlist of await media()) {
			const segments = playlist.segments.filter((s) => s.parts.length > 0).slice(-2);
			assert.ok(segments.length > 0, playlist.text);
			for (const segment of segments) {
				const parts = await Promise.all(segment.parts.map((part) => playlists.bytes(part.uri)));
				const whole = await playlists.bytes(segment.uri);
				assert.ok(whole.equals(Buffer.concat(parts)), segment.uri);
			}
		}
	});

	test("every source keyframe is a keyframe in every rung", async () => {
		/** @type {Record<string, number[]>} */
		const keyframes = {};
		for (const playlist of await media()) {
			const name = playlists.renditionOf(playlist.url);
			if (name !== "audio") keyframes[name] = await keyframeTimes(playlist);
		}
		const { source, ...rungs } = keyframes;
		assert.ok(source.length >= 3, String(source));
		for (const [name, times] of Object.entries(rungs)) {
			// Both were fetched from the same window, but not in the same instant.
			const inside = source.filter(
				(t) => t >= times[0] && t <= /** @type {number} */ (times.at(-1)),
			);
			const lacking = inside.filter((t) => !times.some((r) => Math.abs(r - t) < 0.0005));
			assert.ok(inside.length >= 3);
			assert.deepEqual(lacking, [], `${name} lacks keyframes of the source`);
		}
	});

	test("stock hls.js on another site plays it near live, without an error", async (t) => {
		const page = await startStockPage(daemon.playlist);
		t.after(page.stop);
		const browser = await startBrowser();
		t.after(() => browser.close());
		const viewer = await Viewer.open(browser, page.url);
		await viewer.plays();
		await pause(3_000);
		await viewer.observe();
		await pause(10_000);
		const seen = await viewer.observed();
		const trouble = await viewer.page.evaluate(() => /** @type {any} */ (window).trouble);
		// Where it missed a part, as on a busy machine, hls.js goes on with whole segments, takes
		// one that begins within 0.25 s for the next, and leaps over the part before it.
		const ofItsOwn = ["bufferStalledError", "bufferSeekOverHole"];
		assert.deepEqual(
			trouble.filter((/** @type {string} */ e) => !ofItsOwn.includes(e)),
			[],
		);
		assert.ok(seen.latency.p50 < 4, JSON.stringify(seen));
	});

	test("ffprobe sees the renditions, ffmpeg plays them", async () => {
		const probe = await run(
			"ffprobe",
			[..."-v error -show_entries stream=codec_name,height -of json".split(" "), daemon.playlist],
			{ timeout: 30_000 },
		);
		assert.equal(probe.code, 0, probe.stderr);
		const { streams } = JSON.parse(String(probe.stdout));
		const heights = streams.map((/** @type {any} */ s) => s.height).filter(Boolean);
		assert.ok(heights.includes(360) && heights.includes(240), JSON.stringify(streams));
		assert.ok(streams.some((/** @type {any} */ s) => s.codec_name === "aac"));

		const play = await run(
			"ffmpeg",
			[..."-v warning -i".split(" "), daemon.playlist, ..."-t 3 -f null -".split(" ")],
			{ timeout: 30_000 },
		);
		assert.equal(play.code, 0, play.stderr);
		assert.doesNotMatch(play.stderr, /error|invalid|corrupt|non.?monoton/i);
	});
});

/**
 * Times of keyframes in the complete segments of a rendition.
 * @param {playlists.MediaPlaylist} playlist
 */
async function keyframeTimes(playlist) {
	const init = await playlists.bytes(playlist.segments[0].map);
	const segments = await Promise.all(playlist.segments.map((s) => playlists.bytes(s.uri)));
	const { code, stdout, stderr } = await run(
		"ffprobe",
		"-v error -select_streams v -show_entries packet=pts_time,flags -of csv=p=0 -".split(" "),
		{ input: Buffer.concat([init, ...segments]) },
	);
	assert.equal(code, 0, stderr);
	return String(stdout)
		.trim()
		.split("\n")
		.map((line) => line.split(","))
		.filter(([, flags]) => flags.startsWith("K"))
		.map(([time]) => Number(time));
}

// Three playlists of nothing but parts, a second from one to the next, and hls.js gives up.
test("stock hls.js plays what it found as its first segment was being made", async (t) => {
	const daemon = await Daemon.start({ renditions: [], config: { hls: { segment: "6s" } } });
	t.after(() => daemon.stop());
	const browser = await startBrowser();
	t.after(() => browser.close());
	const page = await startStockPage(daemon.playlist);
	t.after(page.stop);
	const publisher = new Publisher({ url: daemon.rtmp, width: 426, height: 240 }).start();
	t.after(() => publisher.stop());
	await daemon.live();
	const viewer = await Viewer.open(browser, page.url);
	await viewer.plays();
	const trouble = await viewer.page.evaluate(() => /** @type {any} */ (window).trouble);
	assert.ok(!trouble.includes("levelEmptyError"), String(trouble));
});
