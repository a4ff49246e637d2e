// Viewers who share: browsers with each other, headless peers with each other.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { binary, Daemon } from "../lib/daemon.js";
import { watch } from "../lib/measure.js";
import { countConnections } from "../lib/page.js";
import { eventually, Process, pause, run } from "../lib/process.js";
import { startProxy } from "../lib/proxy.js";
import { Publisher } from "../lib/publisher.js";
import { heldUp, record, told } from "../lib/record.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

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

describe("a swarm that fails", () => {
	const size = { width: 426, height: 240, bitrate: "600k" };
	/** @type {Daemon} */
	let daemon;
	/** @type {Publisher} */
	let publisher;
	/** @type {Awaited<ReturnType<typeof startProxy>>} */
	let proxy;
	/** @type {import("../lib/viewer.js").Browser} */
	let browser;
	before(async () => {
		daemon = await Daemon.start({
			renditions: null,
			beforeStart: async (ports) => {
				proxy = await startProxy(ports.http, "/tv");
				return { http: { address: `127.0.0.1:${ports.http}`, public_url: `${proxy.origin}/tv` } };
			},
		});
		publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
		await daemon.live();
		browser = await startBrowser();
	});
	after(async () => {
		await browser?.close();
		await publisher?.stop();
		await daemon?.stop();
		proxy?.stop();
	});

	/**
	 * Two browsers among headless viewers that bring most of what they play.
	 * @param {import("node:test").TestContext} t
	 */
	async function gather(t) {
		const args = ["viewers", "-n", "6", "--duration", "5m", daemon.watch];
		const others = new Process(binary, args);
		t.after(() => others.child.kill("SIGKILL"));
		/** @type {Viewer[]} */
		const viewers = [];
		for (let i = 0; i < 2; i++) {
			const scripts = [countConnections, record];
			const viewer = await Viewer.open(browser, `${proxy.origin}/tv/live/demo`, scripts);
			t.after(() => viewer.close());
			await viewer.plays();
			viewers.push(viewer);
		}
		for (const viewer of viewers) await eventually("peers bring it", () => isFed(viewer), 60_000);
		for (const viewer of viewers) {
			const { first, others } = await byChannel(viewer);
			assert.ok(others > 10 * first, `${first} bytes came in order, and ${others} may overtake`);
		}
		return { others, viewers };
	}

	/** Bytes that came by the channels that are in order, and by the others. @param {Viewer} viewer */
	function byChannel(viewer) {
		return viewer.page.evaluate(async () => {
			const sums = { first: 0, others: 0 };
			for (const connection of /** @type {any} */ (window).made)
				for (const report of (await connection.getStats()).values())
					if (report.type === "data-channel")
						sums[report.dataChannelIdentifier === 0 ? "first" : "others"] += report.bytesReceived;
			return sums;
		});
	}

	/**
	 * The connections to others that a viewer has made: whether each is open.
	 * @param {Viewer} viewer @returns {Promise<boolean[]>}
	 */
	function connections(viewer) {
		return viewer.page.evaluate(() =>
			/** @type {any} */ (window).made.map(
				(/** @type {RTCPeerConnection} */ c) => c.connectionState === "connected",
			),
		);
	}

	/** Waits until no connection was made or closed for three seconds. @param {Viewer} viewer */
	function settles(viewer) {
		return eventually(
			"its connections stay",
			async () => {
				const before = await connections(viewer);
				await pause(3000);
				return String(before) === String(await connections(viewer));
			},
			60_000,
		);
	}

	/** Whether peers bring most of what a viewer plays now. @param {Viewer} viewer */
	async function isFed(viewer) {
		const before = await viewer.stats();
		await pause(3_000);
		const after = await viewer.stats();
		const p2p = after.p2pBytes - before.p2pBytes;
		return p2p > 3 * (after.httpBytes - before.httpBytes) && p2p > 100_000;
	}

	/**
	 * Something happens to those who play, and they go on playing.
	 * @param {import("node:test").TestContext} t
	 * @param {Viewer[]} viewers
	 * @param {() => Promise<unknown> | unknown} happens
	 */
	async function unmoved(t, viewers, happens) {
		const before = await Promise.all(viewers.map((viewer) => viewer.stats()));
		await Promise.all(viewers.map((viewer) => viewer.observe()));
		await happens();
		await pause(15_000);
		for (const [i, viewer] of viewers.entries()) {
			const seen = await viewer.observed();
			const stats = await viewer.stats();
			const waits = seen.stands.map(told);
			const said = JSON.stringify({ breaks: seen.breaks, waits, latency: seen.latency, stats });
			t.diagnostic(said);
			// The playhead never waited for media, nor was it moved: a jump is of half a second and
			// more. With media to play it may be held up, and pictures shown unevenly, by a busy machine.
			const held = heldUp(seen.stands);
			assert.equal(seen.stands.length, held.length, said);
			const most = held.reduce((sum, { seconds }) => sum + seconds, 0.1);
			assert.ok(stats.stalledSeconds - before[i].stalledSeconds < most, said);
			for (const seconds of seen.breaks) assert.ok(Math.abs(seconds) < 0.5, said);
			assert.ok(seen.frames > 250 && seen.latency.max < 4, said);
		}
	}

	test("every headless peer is killed at once: nobody stalls", async (t) => {
		const { others, viewers } = await gather(t);
		await unmoved(t, viewers, () => others.child.kill("SIGKILL"));
	});

	test("every headless peer freezes, heads and all: nobody stalls", async (t) => {
		const { others, viewers } = await gather(t);
		// Only silence tells of it.
		await unmoved(t, viewers, () => others.child.kill("SIGSTOP"));
	});

	test("the tracker is refused for a while: who plays goes on, who comes plays", async (t) => {
		const { others, viewers } = await gather(t);
		await unmoved(t, viewers, async () => {
			proxy.refuse(true);
			t.after(() => proxy.refuse(false));
			await pause(3_000);
			const late = new Process(binary, [
				...["viewers", "-n", "1", "--duration", "8s", "--json"],
				`${proxy.origin}/tv/live/demo`,
			]);
			const [, played] = await late.prints(/"playedSeconds":\s*([\d.]+)/, 20_000);
			assert.ok(Number(played) > 6, late.log);
			others.child.kill("SIGKILL");
		});
		proxy.refuse(false);
		await eventually(
			"they find each other again",
			async () => {
				const stats = await Promise.all(viewers.map((viewer) => viewer.stats()));
				return stats.every(({ peers }) => peers > 0);
			},
			45_000,
		);
	});

	test("the daemon is killed and started again: who plays goes on, and they share as before", async (t) => {
		const { viewers } = await gather(t);
		const before = await Promise.all(viewers.map((viewer) => viewer.stats()));
		// While the trees still grow, they go on to do so afterwards.
		await Promise.all(viewers.map(settles));
		const made = await Promise.all(viewers.map(connections));
		await daemon.crash();
		await publisher.stop();
		await daemon.again();
		publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
		await daemon.live();
		for (const [i, viewer] of viewers.entries()) {
			await eventually(
				"it plays, and peers bring it",
				async () => (await isFed(viewer)) && (await viewer.stats()).state === "playing",
				60_000,
			);
			const stats = await viewer.stats();
			const now = await connections(viewer);
			const had = made[i].filter((isOpen) => isOpen).length;
			const lost = made[i].filter((isOpen, c) => isOpen && !now[c]).length;
			const anew = now.length - made[i].length;
			const said = `${JSON.stringify(stats)}, of ${had} connections ${lost} lost, ${anew} made anew`;
			t.diagnostic(said);
			assert.equal(stats.rejectedChunks, 0, said);
			// The old connections serve: none was replaced, where all were once.
			assert.ok(lost <= 1 && anew <= had / 2, said);
			// It stands while nobody publishes, and not much longer.
			assert.ok(stats.stalledSeconds - before[i].stalledSeconds < 15, said);
		}
	});

	test("a browser without signatures of its own checks them all the same", async (t) => {
		const withoutCrypto = () => Object.defineProperty(crypto, "subtle", { value: undefined });
		const viewer = await Viewer.open(browser, daemon.watch, withoutCrypto);
		t.after(() => viewer.close());
		await viewer.plays();
		const loaded = await viewer.page.evaluate(() =>
			performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname),
		);
		assert.equal(
			loaded.filter((path) => /^\/player\/[0-9a-f]{16}\.js$/.test(path)).length,
			1,
			`${loaded}`,
		);
	});
});
