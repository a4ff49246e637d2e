// What viewers do with a stream that plays: another quality, back and live again, no more
// sharing; and what is left of it in a browser that does less.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Daemon } from "../lib/daemon.js";
import { openPage, property, shot, wakeControls } from "../lib/look.js";
import { eventually, pause } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { startBrowser } from "../lib/viewer.js";

describe("who watches", () => {
	/** @type {Daemon} */
	let daemon;
	/** @type {import("../lib/viewer.js").Browser} */
	let browser;
	/** @type {Publisher} */
	let publisher;

	before(async () => {
		daemon = await Daemon.start({ renditions: ["240p"] });
		browser = await startBrowser();
		publisher = new Publisher({ url: daemon.rtmp }).start();
		await daemon.live();
	});
	after(async () => {
		await browser?.close();
		await publisher?.stop();
		await daemon?.stop();
	});

	test("quality is chosen by hand, down to sound alone, and left to itself again", async () => {
		const viewer = await openPage(browser, daemon.origin, "/live/demo");
		const { page } = viewer;
		await viewer.plays();
		const names = (await property(page, "qualities")).map((/** @type {any} */ q) => q.name);
		assert.deepEqual(names, ["source", "240p", "audio"]);
		const choose = (/** @type {string} */ name) =>
			page.evaluate((name) => {
				/** @type {any} */ (document.querySelector("live-relay")).quality = name;
			}, name);
		const plays = (/** @type {string} */ name) =>
			eventually(
				`it plays ${name}`,
				async () => {
					const { rendition, state } = await viewer.stats();
					return rendition === name && state === "playing";
				},
				20_000,
			);
		for (const name of ["source", "240p", "audio", "240p"]) {
			await choose(name);
			await plays(name);
			if (name === "audio") await shot(page, "sound-only");
		}
		await choose("auto");
		await pause(1_000);
		assert.equal(await property(page, "quality"), "auto");
		assert.equal((await viewer.stats()).state, "playing");
		await viewer.close();
	});

	test("who goes back stays back, and returns to live by one press", async () => {
		const viewer = await openPage(browser, daemon.origin, "/live/demo");
		const { page } = viewer;
		await viewer.plays();
		await pause(9_000);
		await page.keyboard.press("j");
		await eventually("it is back", async () => (await property(page, "latency")) > 5);
		await pause(4_000);
		assert.ok((await property(page, "latency")) > 5, "it was taken to live");
		assert.equal(await property(page, "isLive"), false);
		await wakeControls(viewer);
		await shot(page, "behind");
		await page.keyboard.press("End");
		await eventually("it is live", async () => (await property(page, "latency")) < 3, 5_000);
		await viewer.close();
	});

	test("who stops sharing in the settings has stopped, at once and for good", async () => {
		const [viewer, other] = [
			await openPage(browser, daemon.origin, "/live/demo"),
			await openPage(browser, daemon.origin, "/live/demo"),
		];
		const { page } = viewer;
		const connected = (/** @type {string} */ what, /** @type {number} */ milliseconds = 30_000) =>
			eventually(what, async () => (await viewer.stats()).peers > 0, milliseconds);
		await viewer.plays();
		await other.plays();
		await connected("they share");
		await pause(3_000);
		const before = await viewer.stats();
		const mode = page.locator("#mode");
		await page.locator("[part~=settings-button]").click({ force: true });
		await mode.selectOption("none");
		await eventually("it left", async () => (await viewer.stats()).peers === 0, 1_000);
		const left = await viewer.stats();
		await pause(4_000);
		const after = await viewer.stats();
		assert.equal(after.uploadedBytes, left.uploadedBytes, "it went on to upload");
		assert.equal(after.p2pBytes, left.p2pBytes, "it went on to take");
		assert.equal(after.state, "playing");
		assert.equal(after.stalls, before.stalls, "it stalled");
		assert.equal((await other.stats()).state, "playing");

		await page.reload();
		await viewer.plays();
		await pause(3_000);
		assert.equal(await property(page, "p2p"), "none");
		assert.equal((await viewer.stats()).peers, 0);
		// Back again, and only relays: of which there are none.
		await page.locator("[part~=settings-button]").click({ force: true });
		await mode.selectOption("auto");
		await connected("they share again");
		await mode.selectOption("relays");
		await eventually("it left again", async () => (await viewer.stats()).peers === 0, 1_000);
		await viewer.close();
		await other.close();
	});
});
