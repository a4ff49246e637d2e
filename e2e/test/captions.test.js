// Captions in the pictures that are pushed (CEA-608): offered, shown when they should be,
// in the source and in a rendition made of it, and kept on.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { record } from "../lib/captions.js";
import { Daemon } from "../lib/daemon.js";
import { desktop, openPage, shot, violations, wakeControls } from "../lib/look.js";
import { eventually, Process, pause } from "../lib/process.js";
import { startBrowser, startFirefox } from "../lib/viewer.js";

/**
 * A page of playwright's or of puppeteer's.
 * @typedef {{ evaluate<A, R>(run: (argument: A) => R, argument: A): Promise<Awaited<R>> }} Page
 */

/**
 * The numbers of the captions on the screen, looked at every 50 ms while the picture moves; -1
 * for none.
 * @param {Page} page
 * @param {number} seconds
 */
function seen(page, seconds) {
	return page.evaluate(async (seconds) => {
		const video = document.querySelector("live-relay")?.shadowRoot?.querySelector("video");
		/** @type {number[]} */
		const numbers = [];
		let last = -1;
		for (let i = 0; i < seconds * 20; i++) {
			await new Promise((resolve) => setTimeout(resolve, 50));
			if (!video || video.currentTime === last) continue;
			last = video.currentTime;
			const track = [...video.textTracks].find(({ mode }) => mode === "showing");
			const cues = /** @type {VTTCue[]} */ ([...(track?.activeCues ?? [])]);
			const text = cues.map((cue) => cue.getCueAsHTML().textContent).join("\n");
			numbers.push(Number(/^CAPTION (\d+) <&>$/.exec(text)?.[1] ?? -1));
		}
		return numbers;
	}, seconds);
}

/**
 * Looks for ten seconds whether each caption is shown, for as long as it should be.
 * @param {import("node:test").TestContext} t
 * @param {Page} page
 */
async function follow(t, page) {
	const numbers = await seen(page, 10);
	const shown = numbers.filter((number) => number >= 0);
	t.diagnostic(`${shown.length} of ${numbers.length}: ${[...new Set(shown)].join(" ")}`);
	// One follows the other at once.
	assert.ok(shown.length > 0.9 * numbers.length, numbers.join(" "));
	const [first, last] = [shown[0], shown.at(-1) ?? 0];
	assert.ok(last - first >= 4, "one every two seconds");
	assert.equal(new Set(shown).size, last - first + 1, "all of them");
}

describe("captions in the pictures", () => {
	/** @type {Daemon} */
	let daemon;
	/** @type {import("../lib/viewer.js").Browser} */
	let browser;
	/** @type {Process} */
	let publisher;
	const folder = mkdtempSync(join(tmpdir(), "liverelay-captions-"));

	before(async () => {
		const file = join(folder, "recording.flv");
		await record(file, 180);
		daemon = await Daemon.start({ renditions: ["240p"] });
		publisher = new Process("ffmpeg", [
			...["-hide_banner", "-loglevel", "warning", "-nostdin", "-re", "-i", file, "-c", "copy"],
			...["-flvflags", "no_duration_filesize", "-f", "flv", daemon.rtmp],
		]);
		await daemon.live();
		browser = await startBrowser();
	});
	after(async () => {
		await browser?.close();
		await publisher?.stop();
		await daemon?.stop();
		rmSync(folder, { recursive: true });
	});

	for (const name of ["source", "240p"]) {
		test(`are shown with ${name}`, async (t) => {
			const viewer = await openPage(browser, daemon.origin, "/live/demo");
			const { page } = viewer;
			await viewer.plays();
			await page.evaluate((name) => {
				/** @type {any} */ (document.querySelector("live-relay")).quality = name;
			}, name);
			await eventually("it is chosen", async () => (await viewer.stats()).rendition === name);
			const button = page.locator("[part~=captions-button]");
			await button.waitFor();
			await wakeControls(viewer);
			await button.click();
			assert.equal(await button.getAttribute("aria-pressed"), "true");
			await pause(3_000);
			if (name === "source") {
				await shot(page, "captions");
				assert.deepEqual(await violations(page), []);
			}
			await follow(t, page);
			await viewer.close();
		});
	}

	test("are shown in Firefox", async (t) => {
		const firefox = await startFirefox();
		t.after(() => firefox.close());
		const page = await firefox.newPage();
		await page.setViewport(desktop);
		await page.goto(daemon.watch);
		await eventually("it offers captions", () =>
			page.evaluate(() => {
				const video = document.querySelector("live-relay")?.shadowRoot?.querySelector("video");
				return (video?.textTracks.length ?? 0) > 0;
			}),
		);
		await page.keyboard.press("c");
		await pause(3_000);
		await shot(page, "captions-firefox");
		await follow(t, /** @type {Page} */ (/** @type {unknown} */ (page)));
	});
});
