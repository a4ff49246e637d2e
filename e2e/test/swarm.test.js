// Viewers who share: browsers with each other, headless peers with each other.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { binary, Daemon } from "../lib/daemon.js";
import { watch } from "../lib/measure.js";
import { run } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";

describe("a swarm of one rendition", () => {
	/** @type {Daemon} */
	let daemon;
	/** @type {Publisher} */
	let publisher;
	before(async () => {
		daemon = await Daemon.start({ renditions: null });
		const size = { width: 426, height: 240, bitrate: "600k" };
		publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
		await daemon.live();
	});
	after(async () => {
		await publisher?.stop();
		await daemon?.stop();
	});

	test("two browsers share, and stay near live", async () => {
		const result = await watch(daemon, { viewers: 2, seconds: 20 });
		const said = JSON.stringify(result, null, 1);
		assert.ok(result.steady.ofPossible > 0.5, said);
		for (const viewer of result.viewers) {
			assert.ok(viewer.stats.peers > 0, said);
			assert.ok(viewer.stats.p2pParts > 0, said);
			assert.equal(viewer.stats.rejectedChunks, 0, said);
			assert.ok(viewer.latency.p50 < 4, said);
		}
	});

	test("headless viewers share without a stall", async () => {
		const { code, stdout, stderr } = await run(
			binary,
			["viewers", "-n", "6", "--duration", "15s", "--json", daemon.watch],
			{ timeout: 60_000 },
		);
		assert.equal(code, 0, stderr);
		const result = JSON.parse(/** @type {string} */ (String(stdout).trim().split("\n").at(-1)));
		assert.equal(result.joined, 6, String(stdout));
		assert.ok(result.playedSeconds > 0.9 * 6 * result.seconds, String(stdout));
		assert.ok(result.p2pBytes > result.httpBytes, String(stdout));
		assert.equal(result.rejectedChunks, 0, String(stdout));
	});
});
