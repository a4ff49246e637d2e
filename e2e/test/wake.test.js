// After sleep, and after the network was away or became another one, the player is at the
// live edge again within 3 s.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Daemon } from "../lib/daemon.js";
import { Network, publicAddress } from "../lib/network.js";
import { eventually, pause } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

/** Seconds within which it is live again, and how far behind live still is that. */
const [within, live] = [3, 3];

/** Seconds until pictures move near live. @param {Viewer} viewer */
async function back(viewer) {
	const from = performance.now();
	let last = (await viewer.stats()).latency;
	await eventually(
		"it is live again",
		async () => {
			const { state, latency } = await viewer.stats();
			// What is said of latency has to be of now.
			const isNew = latency !== last;
			last = latency;
			return isNew && state === "playing" && latency < live;
		},
		30_000,
	);
	return (performance.now() - from) / 1000;
}

/** Pictures that were shown so far. @param {Viewer} viewer */
const moved = (viewer) =>
	viewer.page.evaluate(
		() =>
			document.querySelector("live-relay")?.shadowRoot?.querySelector("video")?.currentTime ?? 0,
	);

/**
 * What a page's video is told to do, or asked.
 * @param {Viewer} viewer
 * @param {"pause" | "play" | "paused"} what
 */
const video = (viewer, what) =>
	viewer.page.evaluate((what) => {
		const element = document.querySelector("live-relay")?.shadowRoot?.querySelector("video");
		return what === "paused" ? element?.paused : element?.[what]();
	}, what);

describe("a viewer", () => {
	/** @type {Network} */
	let lines;
	/** @type {Daemon} */
	let daemon;
	/** @type {Publisher} */
	let publisher;

	before(async () => {
		lines = await Network.lines(2);
		daemon = await Daemon.start({ host: publicAddress, renditions: null });
		publisher = new Publisher({
			...{ url: daemon.rtmp, width: 426, height: 240, bitrate: "500k" },
		}).start();
		await daemon.live();
	});
	after(async () => {
		await publisher?.stop();
		await daemon?.stop();
		await lines?.remove();
	});

	/**
	 * A viewer at the end of a line of its own, that has played for a while.
	 * @param {import("node:test").TestContext} t
	 * @param {number} i
	 */
	async function watch(t, i) {
		const flags = [`--unsafely-treat-insecure-origin-as-secure=${daemon.origin}`];
		const browser = await startBrowser({ prefix: lines.inside(i), flags });
		t.after(() => browser.close());
		const viewer = await Viewer.open(browser, daemon.watch);
		await viewer.plays();
		return { browser, viewer };
	}

	/**
	 * @param {import("node:test").TestContext} t
	 * @param {string} what
	 * @param {Viewer} viewer
	 * @param {number} [passed] seconds since then
	 */
	async function returns(t, what, viewer, passed = 0) {
		const seconds = passed + (await back(viewer));
		t.diagnostic(`after ${what}: ${seconds.toFixed(2)} s`);
		assert.ok(seconds < within, `${seconds} s after ${what}`);
		const at = await moved(viewer);
		await pause(2_000);
		assert.ok((await moved(viewer)) - at > 1.5, "it stands again");
		assert.equal((await viewer.stats()).state, "playing");
	}

	test("whose page was frozen for 30 s is live again", async (t) => {
		const { viewer } = await watch(t, 1);
		await pause(5_000);
		const session = await viewer.page.context().newCDPSession(viewer.page);
		await session.send("Page.setWebLifecycleState", { state: "frozen" });
		await pause(30_000);
		await session.send("Page.setWebLifecycleState", { state: "active" });
		await returns(t, "30 s of being frozen", viewer);
	});

	test("whose page's process was stopped for 30 s, as by a laptop's lid, is live again", async (t) => {
		const { browser, viewer } = await watch(t, 1);
		await pause(5_000);
		const session = await browser.newBrowserCDPSession();
		const { processInfo } = await session.send("SystemInfo.getProcessInfo");
		const pages = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
		assert.ok(pages.length > 0);
		for (const id of pages) process.kill(id, "SIGSTOP");
		await pause(30_000);
		for (const id of pages) process.kill(id, "SIGCONT");
		await returns(t, "30 s of being stopped", viewer);
	});

	test("whose address becomes another, TCP and WebRTC, is live again", async (t) => {
		const [{ viewer }, { viewer: other }] = [await watch(t, 1), await watch(t, 2)];
		const shares = async () => (await viewer.stats()).peers > 0;
		await eventually("they share", shares, 30_000);
		await pause(5_000);
		await lines.move(1);
		// For a second it plays what it has.
		await pause(1_000);
		await returns(t, "a change of address", viewer, 1);
		await eventually("they share again", shares, 30_000);
		assert.equal((await other.stats()).state, "playing");
	});

	// After some 9 s playback has begun anew, in vain, and its element is paused.
	for (const away of [8, 12])
		test(`who lost the network for ${away} s, TCP and WebRTC, is live again`, async (t) => {
			const [{ viewer }, { viewer: other }] = [await watch(t, 1), await watch(t, 2)];
			await eventually("they share", async () => (await viewer.stats()).peers > 0, 30_000);
			await pause(5_000);
			const before = await viewer.stats();
			await lines.cut(1);
			await pause(away * 1000);
			await lines.mend(1);
			await returns(t, `${away} s without a network`, viewer);
			// It stands once for the network, and at most a few times more on a busy machine.
			const stalls = (await viewer.stats()).stalls - before.stalls;
			t.diagnostic(`${stalls} stalls`);
			assert.ok(stalls < 5, `${stalls} stalls`);
			assert.equal((await other.stats()).state, "playing");
		});

	test("who paused before the network was away for 40 s stays paused, and plays at live", async (t) => {
		const { viewer } = await watch(t, 1);
		await pause(3_000);
		await video(viewer, "pause");
		await pause(1_000);
		await lines.cut(1);
		// What hls.js has asked for fails after some 35 s.
		await pause(40_000);
		await lines.mend(1);
		// Longer than it takes to begin anew.
		for (const end = performance.now() + 6_000; performance.now() < end; await pause(200))
			assert.equal(await video(viewer, "paused"), true, "it plays by itself");
		await eventually("it is ready", async () => (await viewer.stats()).state === "paused", 5_000);
		const at = await moved(viewer);
		await pause(1_000);
		assert.equal(await moved(viewer), at);
		await video(viewer, "play");
		await returns(t, "a pause over 40 s without a network", viewer);
	});
});
