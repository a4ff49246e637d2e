// The player as people meet it: what it says in each state and the way out, the
// keyboard alone, what axe and the accessibility tree make of it, on desktop and phone,
// light and dark, from left to right and from right to left. Pictures of all of it are
// left in e2e/out/player, to be looked at.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { Daemon } from "../lib/daemon.js";
import {
	desktop,
	focused,
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

/** @typedef {import("playwright-core").BrowserContextOptions} Looks */

const phone = { width: 390, height: 760 };

describe("the player", () => {
	/** @type {Daemon} */
	let daemon;
	/** @type {import("../lib/viewer.js").Browser} */
	let browser;
	/** @type {Publisher | undefined} */
	let publisher;

	before(async () => {
		daemon = await Daemon.start({ renditions: ["240p"], config: { grace: "6s" } });
		browser = await startBrowser();
	});
	after(async () => {
		await browser?.close();
		await publisher?.stop();
		await daemon?.stop();
	});

	test("waits with words and a way out", async () => {
		const viewer = await openPage(browser, daemon.origin, "/embed/demo");
		await eventually("it waits", async () => (await viewer.stats()).state === "waiting");
		assert.match(await message(viewer.page), /has not begun[\s\S]*See what else is live/);
		assert.deepEqual(await violations(viewer.page), []);
		await shot(viewer.page, "waiting");
		await viewer.close();
		publisher = new Publisher({ url: daemon.rtmp }).start();
		await daemon.live();
	});

	for (const [name, looks] of /** @type {[string, Looks][]} */ ([
		["desktop-light", {}],
		["desktop-dark", { colorScheme: "dark" }],
		["phone-light", { viewport: phone, hasTouch: true, isMobile: true }],
		["phone-dark", { viewport: phone, hasTouch: true, isMobile: true, colorScheme: "dark" }],
		["desktop-arabic", { locale: "ar" }],
		["phone-german", { viewport: phone, hasTouch: true, isMobile: true, locale: "de-AT" }],
	])) {
		test(`${name}: nothing for axe to find in any panel`, async () => {
			const viewer = await openPage(browser, daemon.origin, "/live/demo", looks);
			const { page } = viewer;
			await viewer.plays();
			await wakeControls(viewer);
			await shot(page, `${name}-playing`);
			assert.deepEqual(await violations(page), []);
			await page.locator("[part~=settings-button]").click({ force: true });
			await pause(300);
			await shot(page, `${name}-settings`);
			assert.deepEqual(await violations(page), []);
			await page.locator(".settings .actions button").last().click();
			await page.locator(".snippet").last().waitFor();
			await shot(page, `${name}-share`);
			assert.deepEqual(await violations(page), []);
			await page.keyboard.press("Escape");
			await page.keyboard.press("d");
			await pause(2_500);
			await shot(page, `${name}-statistics`);
			assert.deepEqual(await violations(page), []);
			await viewer.close();
		});
	}

	test("the keyboard alone gets everywhere, in the order of what is seen", async () => {
		const viewer = await openPage(browser, daemon.origin, "/embed/demo");
		const { page } = viewer;
		await viewer.plays();
		/** @type {string[]} */
		const walked = [];
		for (let i = 0; i < 12; i++) {
			await page.keyboard.press("Tab");
			walked.push(await focused(page));
		}
		const expected = ["Position", "Pause", "Unmute", "Volume", "Playing live", "Settings"];
		const found = expected.map((name) => walked.indexOf(name));
		assert.ok(
			found.every((at, i) => at >= 0 && (i === 0 || at > found[i - 1])),
			walked.join(" · "),
		);
		// A panel takes the focus, and gives it back.
		while ((await focused(page)) !== "Settings") await page.keyboard.press("Shift+Tab");
		await page.keyboard.press("Enter");
		await page.keyboard.press("Tab");
		assert.equal(await focused(page), "Close");
		await page.keyboard.press("Escape");
		assert.equal(await focused(page), "Settings");

		await page.keyboard.press("k");
		await eventually("it pauses", async () => (await property(page, "paused")) === true);
		await page.keyboard.press("k");
		await eventually("it plays", async () => (await property(page, "paused")) === false);
		await page.keyboard.press("m");
		assert.equal(await property(page, "muted"), false);
		const volume = await property(page, "volume");
		await page.keyboard.press("ArrowDown");
		assert.ok((await property(page, "volume")) < volume);
		await viewer.close();
	});

	test("the accessibility tree names every control", async () => {
		const viewer = await openPage(browser, daemon.origin, "/embed/demo");
		await viewer.plays();
		const tree = await viewer.page.locator("body").ariaSnapshot();
		for (const name of ["Pause", "Unmute", "Playing live", "Settings", "Full screen"])
			assert.match(tree, new RegExp(`button "${name}"`), tree);
		assert.match(tree, /region "Video player"/);
		assert.match(tree, /slider "Position"/);
		assert.doesNotMatch(tree, /button(?! ")/, "a button without a name");
		await viewer.close();
	});

	test("asks before it shares, once", async () => {
		const viewer = await openPage(browser, daemon.origin, "/embed/demo?p2p=ask");
		const { page } = viewer;
		await viewer.plays();
		await page.locator(".ask").waitFor();
		await shot(page, "ask");
		assert.deepEqual(await violations(page), []);
		assert.equal((await viewer.stats()).peers, 0);
		await page.locator(".ask button").last().click();
		await page.reload();
		await viewer.plays();
		await pause(1_000);
		assert.equal(await page.locator(".ask").isVisible(), false);
		await viewer.close();
	});

	test("a stream that is signed with another key is not played", async () => {
		const viewer = await openPage(browser, daemon.origin, "/embed/demo");
		const other = Buffer.alloc(32, 7).toString("base64url");
		await viewer.page.evaluate(
			(key) => document.querySelector("live-relay")?.setAttribute("public-key", key),
			other,
		);
		await eventually("it refuses", async () => (await viewer.stats()).state === "error");
		assert.match(await message(viewer.page), /signed with another key[\s\S]*Try again/);
		assert.deepEqual(await violations(viewer.page), []);
		await shot(viewer.page, "wrong-key");
		await viewer.close();
	});

	test("a format that this browser can't decode has its name said, and another way", async () => {
		const context = await browser.newContext({ viewport: desktop, bypassCSP: true });
		// As in a browser without H.264: hls.js still says that it may.
		await context.addInitScript(() => {
			const before = MediaSource.isTypeSupported.bind(MediaSource);
			MediaSource.isTypeSupported = (type) =>
				/^video\/mp4; codecs="avc1[^,]*"$/.test(type) ? false : before(type);
		});
		const viewer = new Viewer(await context.newPage());
		await viewer.page.goto(`${daemon.origin}/embed/demo`);
		await eventually("it says so", async () => (await viewer.stats()).state === "error");
		assert.match(await message(viewer.page), /can’t decode its format \(avc1[\s\S]*another player/);
		await shot(viewer.page, "codec");
		await viewer.close();
	});

	test("a server that does not let a site in is told from one that is away", async () => {
		const site = createServer((request, response) => {
			// The page, and, at another port's name, a server without CORS.
			response.writeHead(200, { "content-type": "text/html" });
			response.end(
				`<!doctype html><html lang="en"><title>a site</title><main><h1>A site</h1>
				<script type="module" src="${daemon.origin}/player.js"></script>
				<live-relay src="http://localhost:${/** @type {any} */ (site.address()).port}/live/x"></live-relay></main>`,
			);
			request.resume();
		});
		await new Promise((resolve) => site.listen(0, () => resolve(undefined)));
		const { port } = /** @type {import("node:net").AddressInfo} */ (site.address());
		// Here is no network but the loopback, which a browser calls being offline.
		const viewer = await openPage(browser, daemon.origin, "about:blank");
		await viewer.page.addInitScript(() =>
			Object.defineProperty(navigator, "onLine", { get: () => true }),
		);
		await viewer.page.goto(`http://127.0.0.1:${port}/`);
		try {
			await eventually("it says so", async () =>
				/\(CORS\)[\s\S]*its own page/.test(await message(viewer.page)),
			);
			assert.deepEqual(await violations(viewer.page), []);
			await shot(viewer.page, "cors");
		} finally {
			site.closeAllConnections();
			site.close();
		}
		await eventually(
			"it says so",
			async () => /can’t be reached[\s\S]*Try again/.test(await message(viewer.page)),
			30_000,
		);
		await shot(viewer.page, "unreachable");
		await viewer.close();
	});

	test("starts when asked to, not before", async () => {
		const viewer = await openPage(browser, daemon.origin, "/embed/demo?autoplay=0&color=a03070");
		const { page } = viewer;
		await pause(1_000);
		assert.equal((await viewer.stats()).requests, 0);
		await shot(page, "not-started");
		assert.deepEqual(await violations(page), []);
		await page.locator(".message button").click();
		await viewer.plays();
		await viewer.close();
	});

	test("says that it is over, with a way out", async () => {
		const viewer = await openPage(browser, daemon.origin, "/embed/demo?lang=fr");
		await viewer.plays();
		await publisher?.stop();
		await eventually("it says so", async () => (await message(viewer.page)) !== "", 20_000);
		await shot(viewer.page, "away");
		await eventually("it is over", async () => (await viewer.stats()).state === "ended", 60_000);
		assert.match(await message(viewer.page), /terminée[\s\S]*autres directs/);
		assert.deepEqual(await violations(viewer.page), []);
		await shot(viewer.page, "ended");
		await viewer.close();
	});
});
