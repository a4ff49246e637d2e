// Attached to servers that people run already: what they send is carried as it is, and
// each part of it is fetched once.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { Daemon } from "../lib/daemon.js";
import { eventually, pause } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { Nginx, packager } from "../lib/upstream.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

/** @param {string} source @param {Record<string, unknown>} [more] */
const attached = (source, more = {}) =>
	Daemon.start({
		renditions: null,
		config: { streams: { demo: { source } }, grace: "20s", ...more },
	});

const small = { width: 320, height: 180, bitrate: "400k" };

describe("attached to HLS behind nginx", () => {
	/** @type {Nginx} */
	let nginx;
	/** @type {import("../lib/viewer.js").Browser} */
	let browser;
	/** @type {Daemon | undefined} */
	let daemon;
	/** @type {Publisher | undefined} */
	let publisher;

	before(async () => {
		nginx = await Nginx.start();
		browser = await startBrowser();
	});
	after(async () => {
		await browser?.close();
		await publisher?.stop();
		await daemon?.stop();
		await nginx?.stop();
	});

	/** @param {Viewer} viewer @param {number} seconds */
	const advances = async (viewer, seconds) => {
		const from = await viewer.playedSeconds();
		await pause(seconds * 1000);
		const played = (await viewer.playedSeconds()) - from;
		assert.ok(
			played > seconds - 1.5,
			`${played} s played in ${seconds}: ${JSON.stringify(await viewer.stats())}\n${viewer.complaints.join("\n")}`,
		);
	};

	for (const [name, output] of Object.entries(packager)) {
		test(`plays ${name}, and fetches each part once for two viewers`, async () => {
			publisher = new Publisher({
				url: "",
				...small,
				output: output(nginx.hls, nginx.origin),
			}).start();
			daemon = await attached(`${nginx.origin}/hls/index.m3u8`);
			await daemon.live(30_000);
			const viewers = [
				await Viewer.open(browser, daemon.watch),
				await Viewer.open(browser, daemon.watch),
			];
			for (const viewer of viewers) await viewer.plays();
			await Promise.all(viewers.map((viewer) => advances(viewer, 10)));
			for (const viewer of viewers) {
				await viewer.observe();
			}
			await pause(3_000);
			const seen = await viewers[0].observed();
			assert.ok(seen.latency.p50 < 10, `${seen.latency.p50} s behind live`);
			const stats = await viewers[0].stats();
			assert.equal(stats.rejectedChunks, 0);
			if (name !== "ranges") {
				const { files, requests } = nginx.media();
				assert.ok(files > 4, `${files} files`);
				assert.equal(requests, files, JSON.stringify(nginx.sent()));
			}
			for (const viewer of viewers) await viewer.close();
			await publisher.stop();
			await daemon.stop();
			daemon = undefined;
			rmSync(`${nginx.folder}/access.log`, { force: true });
			await nginx.kill();
			await nginx.again();
		});
	}

	test("players wait while upstream is away, and return when it begins anew with the same names", async () => {
		const output = packager.ts(nginx.hls);
		publisher = new Publisher({ url: "", ...small, output }).start();
		daemon = await attached(`${nginx.origin}/hls/index.m3u8`);
		await daemon.live(30_000);
		const viewer = await Viewer.open(browser, daemon.watch);
		await viewer.plays();
		await advances(viewer, 4);
		await publisher.stop();
		await nginx.kill();
		await pause(6_000);
		await nginx.again();
		publisher = new Publisher({ url: "", ...small, output }).start();
		await eventually(
			"it plays again",
			async () => (await viewer.stats()).state === "playing",
			60_000,
		);
		await advances(viewer, 6);
	});
});
