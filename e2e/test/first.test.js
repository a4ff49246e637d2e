// A first run: no configuration file, only what the daemon prints; and a streamer who
// changed nothing in OBS's settings.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { binary, Daemon } from "../lib/daemon.js";
import * as playlists from "../lib/playlists.js";
import { eventually, Process, pause } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

test("without a configuration it makes a stream, a key, and says where", async (t) => {
	const folder = mkdtempSync(join(tmpdir(), "liverelay-first-"));
	t.after(() => rmSync(folder, { recursive: true, force: true }));
	// The ports are the usual ones: nobody else is in this network.
	const daemon = new Process(binary, ["run"], { cwd: folder });
	t.after(() => daemon.stop());
	const [, server] = await daemon.prints(/OBS server\s+(rtmp:\S+)/);
	const [, file] = await daemon.prints(/stream key\s+\(in the file (\S+)\)/);
	const [, watch] = await daemon.prints(/watch\s+(http:\S+)/);
	assert.equal(statSync(file).mode & 0o077, 0, "others may read the key");
	const key = readFileSync(file, "utf8").trim();
	assert.ok(key.length >= 12 && !daemon.log.includes(key), "the key is not for logs");

	const publisher = new Publisher({ url: `${server}/${key}` }).start();
	t.after(() => publisher.stop());
	await eventually("it is live", async () => (await fetch(`${watch}/index.m3u8`)).ok);
	assert.equal(await daemon.stop(), 0);
});

test("OBS's default keyframe interval plays, from the first seconds and in between", async (t) => {
	const daemon = await Daemon.start({ renditions: ["240p"] });
	t.after(() => daemon.stop());
	const browser = await startBrowser();
	t.after(() => browser.close());
	const early = await Viewer.open(browser, daemon.watch);
	const publisher = new Publisher({ url: daemon.rtmp, keyint: 250 }).start();
	t.after(() => publisher.stop());
	const began = Date.now();
	await early.plays();
	const seconds = (Date.now() - began) / 1000;
	assert.ok(seconds < 8, `the first viewer waited for ${seconds} s, until the second keyframe`);

	await pause(5_000);
	const late = await Viewer.open(browser, daemon.watch);
	await late.plays(8_000);

	await eventually("the streamer is told", () => /keyframe/i.test(daemon.process.log), 20_000);
	const { playlists: all } = playlists.readMultivariant(
		await playlists.text(daemon.playlist),
		daemon.playlist,
	);
	// Independent parts come once a second in the rung, every 8.3 s in the source.
	for (const url of all) {
		const playlist = playlists.readMedia(await playlists.text(url), url);
		assert.ok(playlist.segments.every((s) => s.duration <= playlist.targetDuration + 0.5));
	}
});
