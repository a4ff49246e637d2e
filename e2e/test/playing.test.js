// What viewers do with a stream that plays: another quality, back and live again, no more
// sharing; and what is left of it in a browser that does less.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Daemon } from "../lib/daemon.js";
import {
	desktop,
	message,
	openPage,
	property,
	shot,
	violations,
	wakeControls,
} from "../lib/look.js";
import { eventually, pause } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

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
			if (name !== "audio") continue;
			await page.locator(".sound-only").waitFor();
			await wakeControls(viewer);
			await shot(page, "sound-only");
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
		// A pause is no wish to be elsewhere.
		await page.keyboard.press("k");
		await pause(3_000);
		await page.keyboard.press("k");
		await eventually("it plays", async () => (await property(page, "paused")) === false);
		await pause(1_000);
		const latency = await property(page, "latency");
		assert.ok(latency > 8, `it went to live: ${latency}`);
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

	test("whose link becomes a metered one uploads nothing from then on, until it is none", async () => {
		const [viewer, other] = [
			await openPage(browser, daemon.origin, "/live/demo"),
			await openPage(browser, daemon.origin, "/live/demo"),
		];
		const { page } = viewer;
		await viewer.plays();
		await other.plays();
		const uploaded = async () => (await viewer.stats()).uploadedBytes;
		await eventually("it uploads", async () => (await uploaded()) > 0, 30_000);
		const link = (/** @type {string} */ type) =>
			page.evaluate((type) => {
				Object.defineProperty(navigator, "connection", { value: { type }, configurable: true });
			}, type);
		await link("cellular");
		await pause(1_000);
		const before = await viewer.stats();
		await pause(4_000);
		const after = await viewer.stats();
		assert.equal(after.uploadedBytes, before.uploadedBytes, "it went on to upload");
		assert.equal(after.state, "playing");
		assert.equal((await other.stats()).state, "playing");
		await link("wifi");
		await eventually(
			"it uploads again",
			async () => (await uploaded()) > after.uploadedBytes,
			30_000,
		);
		await viewer.close();
		await other.close();
	});

	/** Opens the stream without media source extensions. @param {boolean} playsHls */
	async function withoutMediaSource(playsHls) {
		const context = await browser.newContext({ viewport: desktop, bypassCSP: true });
		await context.addInitScript((playsHls) => {
			for (const name of ["MediaSource", "ManagedMediaSource", "WebKitMediaSource"])
				Reflect.deleteProperty(window, name);
			if (!playsHls) HTMLMediaElement.prototype.canPlayType = () => "";
		}, playsHls);
		const viewer = new Viewer(await context.newPage());
		await viewer.page.goto(`${daemon.origin}/embed/demo`);
		return viewer;
	}

	test("without media source extensions the browser plays it itself, and that is said", async (t) => {
		const viewer = await withoutMediaSource(true);
		const { page } = viewer;
		const isNative = await page.evaluate(
			() => document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "",
		);
		if (!isNative) return t.skip("this Chromium plays no HLS itself");
		await viewer.plays();
		await eventually("it says so", async () => (await viewer.stats()).state === "playing");
		assert.equal((await viewer.stats()).peers, 0);
		await wakeControls(viewer);
		await page.locator("[part~=settings-button]").click({ force: true });
		const note = await page.locator(".settings .caption").textContent();
		assert.match(note ?? "", /nothing is shared, and low latency needs HTTP\/2/);
		await shot(page, "native");
		assert.deepEqual(await violations(page), []);
		await page.keyboard.press("Escape");
		await page.keyboard.press("End");
		const at = await property(page, "currentTime");
		await eventually("it goes on", async () => (await property(page, "currentTime")) > at + 1);
		await viewer.close();
	});

	test("a browser that can do neither is told of another way", async () => {
		const viewer = await withoutMediaSource(false);
		const { page } = viewer;
		await eventually("it says so", async () => (await viewer.stats()).state === "error");
		assert.match(await message(page), /can’t play live video[\s\S]*another player/i);
		await shot(page, "unsupported");
		assert.deepEqual(await violations(page), []);
		await viewer.close();
	});
});
