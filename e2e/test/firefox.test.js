// The player in Firefox, which has no media source of Chromium's making and H.264 by
// what the system has. It is driven over WebDriver BiDi.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Daemon } from "../lib/daemon.js";
import { shot } from "../lib/look.js";
import { eventually, pause } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { startFirefox } from "../lib/viewer.js";

describe("Firefox", () => {
	/** @type {Daemon} */
	let daemon;
	/** @type {Publisher} */
	let publisher;
	/** @type {import("puppeteer-core").Browser} */
	let browser;

	before(async () => {
		daemon = await Daemon.start({ renditions: null });
		publisher = new Publisher({
			url: daemon.rtmp,
			width: 426,
			height: 240,
			bitrate: "600k",
		}).start();
		await daemon.live();
		browser = await startFirefox();
	});
	after(async () => {
		await browser?.close();
		await publisher?.stop();
		await daemon?.stop();
	});

	test("plays near live, with its controls, without a complaint", async (t) => {
		const page = await browser.newPage();
		/** @type {string[]} */
		const complaints = [];
		page.on("pageerror", (error) => complaints.push(String(error)));
		await page.setViewport({ width: 960, height: 620 });
		await page.goto(daemon.watch);
		const stats = () =>
			page.evaluate(() =>
				JSON.parse(JSON.stringify(/** @type {any} */ (document.querySelector("live-relay")).stats)),
			);
		await eventually("it plays", async () => (await stats()).state === "playing", 40_000);
		await pause(8_000);
		const now = await stats();
		t.diagnostic(
			`${now.latency} s behind live, ${now.stalls} stalls, joined in ${now.joinSeconds} s`,
		);
		assert.equal(now.state, "playing");
		assert.ok(now.latency < 4, `${now.latency} s behind live`);
		const labels = await page.evaluate(() => {
			const root = document.querySelector("live-relay")?.shadowRoot;
			return [...(root?.querySelectorAll("media-play-button, [part~=settings-button]") ?? [])].map(
				(b) => b.getAttribute("aria-label"),
			);
		});
		assert.deepEqual(labels, ["Pause", "Settings"]);
		await page.mouse.move(480, 200);
		await page.mouse.move(490, 210);
		await pause(500);
		await shot(page, "firefox");
		await page.keyboard.press("k");
		await eventually("it pauses", async () => (await stats()).state === "paused");
		assert.deepEqual(complaints, []);
		await page.close();
	});
});
