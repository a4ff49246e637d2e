// A viewer whose line changes: quality follows it, with and without a swarm, and
// playback goes on.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { binary, Daemon } from "../lib/daemon.js";
import { Network, publicAddress } from "../lib/network.js";
import { countConnections } from "../lib/page.js";
import { Process, pause } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { heldUp } from "../lib/record.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

/** Bit/s: room for all, and for the lowest rendition alone (0.6 of 1.1 and 1.9 Mbit/s). */
const wide = 10e6;
const narrow = 1e6;

describe("a line that changes", { timeout: 120_000 }, () => {
	/** @type {Network} */
	let lines;
	/** @type {Daemon} */
	let daemon;
	/** @type {Publisher} */
	let publisher;
	before(async () => {
		lines = await Network.lines(1);
		daemon = await Daemon.start({ renditions: ["360p", "240p"], host: publicAddress });
		const size = { width: 854, height: 480, bitrate: "1800k" };
		publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
		await daemon.live();
	});
	after(async () => {
		await publisher?.stop();
		await daemon?.stop();
		await lines?.remove();
	});

	/** Opens a viewer at the end of the line. @param {import("node:test").TestContext} t */
	async function open(t) {
		const browser = await startBrowser({
			prefix: lines.inside(1),
			// A page without HTTPS would have no WebCrypto.
			flags: [`--unsafely-treat-insecure-origin-as-secure=${daemon.origin}`],
		});
		t.after(() => browser.close());
		const viewer = await Viewer.open(browser, daemon.watch, countConnections);
		await viewer.plays();
		return viewer;
	}

	test("alone", async (t) => {
		await lines.limit(1, wide);
		const viewer = await open(t);
		const seen = await throughThickAndThin(viewer);
		t.diagnostic(JSON.stringify(seen));
		check(seen, 1);
		// Two ways up and back up, and a few looks when the buffer ran low.
		assert.ok(seen.fetched <= 10, JSON.stringify(seen));
	});

	test("in a swarm", async (t) => {
		await lines.limit(1, wide);
		const others = new Process(binary, [
			...["viewers", "-n", "9", "--duration", "10m", "--renditions", "source,360p,240p"],
			daemon.watch,
		]);
		t.after(() => others.stop());
		const viewer = await open(t);
		const seen = await throughThickAndThin(viewer);
		t.diagnostic(JSON.stringify(seen));
		check(seen, 2.5);
		const { p2pBytes } = seen.stats;
		assert.ok(p2pBytes > 500_000, JSON.stringify(seen));
		// Nobody is met anew because the quality changes. The tracker may plan others: a
		// rendition has its own trees.
		assert.ok(seen.connections[2] <= 3 * 10, JSON.stringify(seen));
	});

	/**
	 * Watches while the line is wide, narrow, and wide again. Up again is tried 10 s after the
	 * last trouble, which may have been just before the line widened, and if that found no
	 * room, 10 s later.
	 * @param {Viewer} viewer
	 */
	async function throughThickAndThin(viewer) {
		const up = await follow(viewer, 30, (stats) => stats.rendition === "source");
		await pause(2_000);
		const before = await viewer.stats();
		const connections = [await made(viewer)];
		await viewer.observe(250); // for where it stands; pictures are of no interest
		await lines.limit(1, narrow);
		const down = await follow(viewer, 10, (stats) => stats.rendition === "240p");
		const held = { down: await byMachine(viewer), narrow: 0, all: 0 };
		connections.push(await made(viewer));
		const calm = await follow(viewer, 7, () => false);
		const after = await viewer.stats();
		held.narrow = await byMachine(viewer);
		await lines.limit(1, wide);
		const again = await follow(viewer, 25, (stats) => stats.rendition !== "240p");
		await pause(2_000);
		const stats = await viewer.stats();
		connections.push(await made(viewer));
		held.all = await byMachine(viewer);
		return {
			...{ up, down, calm, again, stats, connections, held, fetched: await fetched(viewer) },
			stalledSeconds: after.stalledSeconds - before.stalledSeconds,
			stalls: after.stalls - before.stalls,
			stalledAgain: stats.stalledSeconds - after.stalledSeconds,
		};
	}

	/** Seconds since observe for which it stood with media to play. @param {Viewer} viewer */
	const byMachine = async (viewer) =>
		heldUp((await viewer.observed()).stands).reduce((sum, { seconds }) => sum + seconds, 0);

	/** Connections to other viewers that were made. @param {Viewer} viewer @returns {Promise<number>} */
	const made = (viewer) => viewer.page.evaluate(() => /** @type {any} */ (window).connections);

	/** Parts that were fetched one by one: to look at the line, or in need. @param {Viewer} viewer */
	const fetched = (viewer) =>
		viewer.page.evaluate(
			() =>
				performance.getEntriesByType("resource").filter(({ name }) => /\/p\d+\.m4s/.test(name))
					.length,
		);

	/**
	 * What was on its way when the line shrank has to come through first: alone that is one
	 * feed's; among peers what each of them still sends of the rendition that was left. What a
	 * busy machine held playback up for, with media to play, says nothing of the line.
	 * @param {Awaited<ReturnType<typeof throughThickAndThin>>} seen
	 * @param {number} stall the longest that may cost, in seconds
	 */
	function check(seen, stall) {
		const said = JSON.stringify(seen, null, 1);
		assert.ok(seen.up.isDone, `it never went up\n${said}`);
		assert.ok(seen.down.isDone, `it did not go down\n${said}`);
		// Before it plays what fits, it plays what it had: a second, or a little more.
		assert.ok(seen.down.seconds < 3 + seen.held.down, `it went down late\n${said}`);
		assert.ok(
			seen.stalledSeconds < stall + seen.held.narrow,
			`it stalled when the line shrank\n${said}`,
		);
		assert.equal(seen.calm.switches.length, 0, `it comes and goes\n${said}`);
		assert.ok(seen.again.isDone, `it did not go up again\n${said}`);
		const held = seen.held.all - seen.held.narrow;
		assert.ok(seen.stalledAgain < 0.2 + held, `it stalled on the way up\n${said}`);
		assert.ok(seen.stats.latency < 2.5, said);
		// To go down costs no connection.
		assert.ok(seen.connections[1] <= seen.connections[0], said);
	}
});

/**
 * Watches the quality until something is so, or time is up.
 * @param {Viewer} viewer
 * @param {number} seconds
 * @param {(stats: import("../lib/viewer.js").Stats) => boolean} isDone
 */
async function follow(viewer, seconds, isDone) {
	const begin = Date.now();
	/** @type {[number, string][]} */
	const switches = [];
	let last = (await viewer.stats()).rendition;
	for (;;) {
		const stats = await viewer.stats();
		const passed = (Date.now() - begin) / 1000;
		if (stats.rendition !== last) switches.push([passed, stats.rendition]);
		last = stats.rendition;
		if (isDone(stats)) return { isDone: true, seconds: passed, switches };
		if (passed > seconds) return { isDone: false, seconds: passed, switches };
		await pause(200);
	}
}
