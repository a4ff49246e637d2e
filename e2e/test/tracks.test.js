// A publisher whose tracks come and go while it is live.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Daemon } from "../lib/daemon.js";
import * as playlists from "../lib/playlists.js";
import { eventually, Process, pause, run } from "../lib/process.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

/**
 * Makes a recording, and publishes it in real time. (ffmpeg that encodes in real time reads
 * no sound while there is no picture.)
 * @param {import("node:test").TestContext} t
 * @param {Daemon} daemon
 * @param {{ seconds: number, pictures: string, hasSound: boolean }} what pictures says when
 *   there are some, as an expression of ffmpeg's select filter
 */
async function push(t, daemon, { seconds, pictures, hasSound }) {
	const folder = mkdtempSync(join(tmpdir(), "liverelay-tracks-"));
	const file = join(folder, "recording.flv");
	const made = await run("ffmpeg", [
		..."-v error -f lavfi -i testsrc2=size=640x360:rate=30".split(" "),
		..."-f lavfi -i sine=frequency=440:sample_rate=48000".split(" "),
		...["-t", String(seconds), "-vf", `select='${pictures}'`, "-fps_mode", "passthrough"],
		..."-c:v libx264 -preset ultrafast -tune zerolatency -bf 0 -g 30 -pix_fmt yuv420p".split(" "),
		...(hasSound ? "-c:a aac -b:a 96k -ac 2".split(" ") : ["-an"]),
		...["-f", "flv", file],
	]);
	assert.equal(made.code, 0, made.stderr);
	const publisher = new Process("ffmpeg", [
		...["-hide_banner", "-loglevel", "warning", "-nostdin", "-re", "-i", file, "-c", "copy"],
		// The muxer shall not hold one track back to wait for the other.
		..."-max_interleave_delta 100000 -flvflags no_duration_filesize -f flv".split(" "),
		daemon.rtmp,
	]);
	t.after(async () => {
		await publisher.stop();
		rmSync(folder, { recursive: true });
	});
	return publisher;
}

/** Seconds of sound and picture that the page's player decoded, and what it shows. @param {Viewer} viewer */
const played = (viewer) =>
	viewer.page.evaluate(() => {
		const video = /** @type {any} */ (
			document.querySelector("live-relay")?.shadowRoot?.querySelector("video")
		);
		return {
			at: video.currentTime,
			sound: video.webkitAudioDecodedByteCount,
			pictures: video.getVideoPlaybackQuality().totalVideoFrames,
		};
	});

test("pictures stay away while the sound goes on: it is heard, and a still is seen", async (t) => {
	const daemon = await Daemon.start({ renditions: ["240p"] });
	t.after(() => daemon.stop());
	await push(t, daemon, { seconds: 36, pictures: "lt(t,8)+gt(t,22)", hasSound: true });
	await daemon.live();
	const browser = await startBrowser();
	t.after(() => browser.close());
	const viewer = await Viewer.open(browser, daemon.watch);
	await viewer.plays();
	const before = await (await fetch(`${daemon.watch}/join`)).json();
	await daemon.process.prints(/the publisher sends no picture/);
	await pause(2000);
	const from = await played(viewer);
	// However long it takes a busy machine, while pictures stay away: they do for 14 s.
	await eventually(
		"it plays on, and sound is decoded",
		async () => {
			const to = await played(viewer);
			if (to.at - from.at > 2.5 && to.sound > from.sound) return true;
			throw new Error(JSON.stringify([from, to]));
		},
		9_000,
	);
	await eventually(
		"nobody is away",
		async () => {
			const { state } = await viewer.stats();
			return state === "playing" || Promise.reject(state);
		},
		1_000,
	);
	const { playlists: all } = playlists.readMultivariant(
		await playlists.text(daemon.playlist),
		daemon.playlist,
	);
	for (const url of all) {
		const text = await playlists.text(url);
		playlists.readMedia(text, url);
		assert.doesNotMatch(text, /GAP/, url);
	}
	await daemon.process.prints(/the publisher sends pictures again/, 25_000);
	await pause(3000);
	const back = await played(viewer);
	await eventually(
		"pictures move",
		async () => {
			const on = await played(viewer);
			return on.pictures - back.pictures > 30 || Promise.reject(JSON.stringify([back, on]));
		},
		8_000,
	);
	const stats = await viewer.stats();
	assert.ok(stats.stalledSeconds < 2.5, JSON.stringify(stats));
	const { epoch } = await (await fetch(`${daemon.watch}/join`)).json();
	assert.equal(epoch, before.epoch, "one broadcast");
});

test("a publisher that comes back with sound that it did not have begins a new broadcast, and viewers go over to it", async (t) => {
	const daemon = await Daemon.start({ renditions: null });
	t.after(() => daemon.stop());
	const silent = await push(t, daemon, { seconds: 30, pictures: "1", hasSound: false });
	await daemon.live();
	const browser = await startBrowser();
	t.after(() => browser.close());
	const viewer = await Viewer.open(browser, daemon.watch);
	await viewer.plays();
	const joined = async () => (await fetch(`${daemon.watch}/join`)).json();
	const { epoch } = await joined();
	await silent.stop();
	await push(t, daemon, { seconds: 30, pictures: "1", hasSound: true });
	await eventually("a new broadcast", async () => {
		const now = await joined();
		return now.state === "live" && now.epoch !== epoch;
	});
	await eventually("it is heard", async () => (await played(viewer)).sound > 0);
	await eventually("it plays", async () => (await viewer.stats()).state === "playing");
});
