// The instruments themselves: the clock in the picture, and the byte counters.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { decode, encode } from "../lib/clock.js";
import { Counters } from "../lib/counters.js";
import { quantile } from "../lib/figures.js";
import { pause } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

const folder = mkdtempSync(join(tmpdir(), "liverelay-clock-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/**
 * Serves one thing on a free port until the test ends.
 * @param {import("node:test").TestContext} t
 * @param {import("node:http").RequestListener} listener
 * @returns {Promise<number>}
 */
async function serve(t, listener) {
	const server = createServer(listener);
	await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
	t.after(() => server.close());
	const address = server.address();
	assert.ok(address && typeof address === "object");
	return address.port;
}

test("a time survives its cells, and damage is seen", () => {
	const now = Date.now();
	for (const made of [now, now - 1, now - 2_000, now - 3_600_000, now + 50]) {
		assert.equal(decode(encode(made), now), made);
	}
	const damaged = encode(now);
	damaged[20] = !damaged[20];
	assert.equal(decode(damaged, now), null);
});

test("Chromium reads the clock from a 240p picture", { timeout: 60_000 }, async (t) => {
	const file = join(folder, "clock.mp4");
	const began = Date.now();
	const output = ["-vf", "scale=-2:240", "-t", "4", "-y", file];
	const publisher = new Publisher({ url: "", bitrate: "300k", output }).start();
	await pause(5_000);
	await publisher.stop();
	const ended = Date.now();

	const port = await serve(t, (request, response) => {
		if (request.url === "/clock.mp4") {
			response.writeHead(200, { "content-type": "video/mp4" });
			response.end(readFileSync(file));
			return;
		}
		response.writeHead(200, { "content-type": "text/html" });
		response.end("<!doctype html><video muted src=clock.mp4></video>");
	});
	const browser = await startBrowser();
	t.after(() => browser.close());
	const viewer = await Viewer.open(browser, `http://127.0.0.1:${port}/`);
	await viewer.observe();
	await viewer.page.evaluate(() => document.querySelector("video")?.play());
	await pause(3_000);
	const seen = await viewer.page.evaluate(() => /** @type {any} */ (window).observed);
	const made = seen.samples.map((/** @type {any} */ s) => decode(s.cells, ended));
	assert.ok(made.length > 10, `only ${made.length} samples`);
	assert.equal(made.filter((/** @type {any} */ m) => m === null).length, 0, "cells misread");
	assert.ok(made.every((/** @type {number} */ m) => m >= began && m <= ended));
	assert.ok(
		made.every((/** @type {number} */ m, /** @type {number} */ i) => i === 0 || m > made[i - 1]),
	);
});

test("the counters see what a server sends, and only that", async (t) => {
	const sent = 1_000_000;
	const port = await serve(t, (_, response) => response.end(Buffer.alloc(sent)));
	const counters = await Counters.start({ http: port, rtmp: 1, stun: 2, metrics: 3 });
	const upload = Buffer.alloc(sent);
	await (await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: upload })).arrayBuffer();
	const { http, peers } = await counters.read();
	assert.ok(http > sent && http < sent * 1.05, `${http} bytes counted for ${sent}`);
	assert.equal(peers, 0);
});

test("quantiles are by nearest rank", () => {
	assert.equal(quantile([4, 1, 3, 2], 0.5), 2);
	assert.equal(quantile([1, 2, 3, 4], 1), 4);
	assert.ok(Number.isNaN(quantile([], 0.5)));
});
