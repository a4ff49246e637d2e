// A person with a browser: the watch page before, during and after a broadcast.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Daemon, root } from "../lib/daemon.js";
import { eventually, pause } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

const out = join(root, "e2e/out");

const fields = [
	...["version", "state", "latency", "buffer", "stalls", "stalledSeconds", "joinSeconds"],
	...["rendition", "peers", "httpBytes", "p2pBytes", "uploadedBytes", "requests"],
	...["playlistRequests", "httpParts", "p2pParts", "rejectedChunks"],
];

describe("the watch page", () => {
	/** @type {Daemon} */
	let daemon;
	/** @type {import("../lib/viewer.js").Browser} */
	let browser;
	/** @type {Viewer} */
	let viewer;
	/** @type {Publisher | undefined} */
	let publisher;

	before(async () => {
		mkdirSync(out, { recursive: true });
		daemon = await Daemon.start({ config: { grace: "3s" } });
		browser = await startBrowser();
	});
	after(async () => {
		await browser?.close();
		await publisher?.stop();
		await daemon?.stop();
	});

	const state = async () => (await viewer.stats()).state;

	test("waits while nobody is live", async () => {
		viewer = await Viewer.open(browser, daemon.watch);
		await eventually("the player waits", async () => (await state()) === "waiting");
	});

	test("plays by itself when ffmpeg pushes", async () => {
		publisher = new Publisher({ url: daemon.rtmp }).start();
		await viewer.plays();
		await viewer.observe();
		await pause(8_000);
		const seen = await viewer.observed();
		const stats = await viewer.stats();
		assert.deepEqual(Object.keys(stats).sort(), [...fields].sort());
		assert.equal(stats.state, "playing");
		assert.ok(stats.httpBytes > 0 && stats.joinSeconds > 0, JSON.stringify(stats));
		assert.ok(seen.latency.samples > 20, JSON.stringify(seen));
		assert.ok(seen.latency.p50 < 4, `${seen.latency.p50} s behind live`);
		// What the player says of itself is what is measured in the picture.
		assert.ok(Math.abs(seen.latency.p50 - stats.latency) < 1, `${stats.latency} s, it says`);
		await viewer.screenshot(join(out, "watch.png"));
	});

	test("an embedded player plays as well", async () => {
		const embedded = await Viewer.open(browser, `${daemon.origin}/embed/demo`);
		await embedded.plays();
		await embedded.close();
	});

	test("says that it is over, and plays the next broadcast", async () => {
		await publisher?.stop();
		await eventually(
			"it is over",
			async () => ["ended", "waiting"].includes(await state()),
			60_000,
		);
		publisher = new Publisher({ url: daemon.rtmp }).start();
		await eventually("it plays again", async () => (await state()) === "playing", 60_000);
		await viewer.observe();
		await pause(3_000);
		assert.ok((await viewer.observed()).latency.p50 < 5);
	});
});
