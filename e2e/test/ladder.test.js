// A machine that is too slow for the ladder: ffmpeg gets a small share of the time only.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as playlists from "../lib/playlists.js";
import { encoders, eventually, pause } from "../lib/process.js";
import { live } from "../lib/stage.js";
import { Viewer } from "../lib/viewer.js";

/** @typedef {import("../lib/daemon.js").Daemon} Daemon */

/**
 * Lets all encoders of a daemon run for 20 ms of each second, until the function that it
 * returns is called.
 * @param {Daemon} daemon
 */
function slowDown(daemon) {
	let isOver = false;
	const signal = (/** @type {"SIGSTOP" | "SIGCONT"} */ which) => {
		for (const pid of encoders(daemon.process.pid)) {
			try {
				process.kill(pid, which);
			} catch {
				// It has ended meanwhile.
			}
		}
	};
	const over = (async () => {
		while (!isOver) {
			signal("SIGSTOP");
			await pause(980);
			signal("SIGCONT");
			await pause(20);
		}
		signal("SIGCONT");
	})();
	return () => {
		isOver = true;
		return over;
	};
}

test("a rung that the machine can't keep is given up, and that is said; all else goes on", async (t) => {
	const { daemon, browser } = await live(t, { renditions: ["240p", "144p"] });
	const viewer = await Viewer.open(browser, daemon.watch);
	await viewer.plays();
	const before = await viewer.stats();

	const release = slowDown(daemon);
	t.after(release);
	const gaveUp = /can't encode the rendition in real time/;
	await daemon.process.prints(gaveUp, 40_000);
	assert.match(daemon.process.log.split("\n").find((l) => gaveUp.test(l)) ?? "", /"240p"/);
	await release();

	const gaps = async () => {
		const answer = await (await fetch(`${daemon.origin}/api/v1/streams/demo`)).json();
		/** @type {{ name: string, gap: boolean }[]} */
		const renditions = answer.renditions;
		return renditions.filter((r) => r.gap).map((r) => r.name);
	};
	await eventually("the small rung is back", async () => String(await gaps()) === "240p");
	const metrics = await (await fetch(`http://127.0.0.1:${daemon.ports.metrics}/metrics`)).text();
	assert.match(metrics, /liverelay_rendition_gap\{rendition="240p",stream="demo"\} 1/);
	assert.match(metrics, /liverelay_rendition_gap\{rendition="144p",stream="demo"\} 0/);
	const { playlists: all } = playlists.readMultivariant(
		await playlists.text(daemon.playlist),
		daemon.playlist,
	);
	for (const url of all) playlists.readMedia(await playlists.text(url), url);
	const stats = await viewer.stats();
	assert.equal(stats.state, "playing");
	assert.ok(
		stats.stalledSeconds - before.stalledSeconds < 0.5,
		`the source went on: ${JSON.stringify(stats)}`,
	);
});
