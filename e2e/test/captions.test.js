// Captions that come in the video of a pushed stream, in what was pushed and in what was
// made of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CaptionedPublisher } from "../lib/captions.js";
import { Daemon } from "../lib/daemon.js";
import { property, shot } from "../lib/look.js";
import { eventually, pause } from "../lib/process.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

test("captions in the video are offered, shown by a key, and kept through a change of quality", async (t) => {
	const daemon = await Daemon.start({ renditions: ["240p"] });
	t.after(() => daemon.stop());
	const publisher = new CaptionedPublisher({ url: daemon.rtmp }).start();
	t.after(() => publisher.stop());
	await daemon.live();
	const browser = await startBrowser();
	t.after(() => browser.close());
	const viewer = await Viewer.open(browser, daemon.watch);
	const { page } = viewer;
	await viewer.plays();
	assert.deepEqual(
		(await property(page, "qualities")).map((/** @type {any} */ q) => q.name),
		["source", "240p", "audio"],
	);
	await page.locator("[part~=captions-button]").waitFor();
	const shown = () =>
		page.evaluate(() => {
			const video = document.querySelector("live-relay")?.shadowRoot?.querySelector("video");
			const tracks = [...(video?.textTracks ?? [])].filter((track) => track.mode === "showing");
			return tracks.flatMap((track) =>
				[...(track.activeCues ?? [])].map((cue) => /** @type {VTTCue} */ (cue).text),
			);
		});
	assert.deepEqual(await shown(), []);
	await page.keyboard.press("c");
	const number = async () => Number(/line (\d+)/.exec((await shown()).join(" "))?.[1] ?? 0);
	for (const quality of ["source", "240p"]) {
		await page.evaluate((name) => {
			/** @type {any} */ (document.querySelector("live-relay")).quality = name;
		}, quality);
		await eventually(
			`it plays ${quality}`,
			async () => (await viewer.stats()).rendition === quality,
			20_000,
		);
		await pause(2_500);
		const before = await eventually(`a line is shown in ${quality}`, number, 10_000);
		await eventually(`the next one is`, async () => (await number()) > before, 10_000);
		await shot(page, `captions-${quality}`);
	}
	await page.keyboard.press("c");
	assert.deepEqual(await shown(), []);
});
