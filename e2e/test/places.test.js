// The player in the places where people put it: another site's page, a path below a
// reverse proxy, a server with TLS.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect } from "node:http2";
import { test } from "node:test";
import { Daemon } from "../lib/daemon.js";
import { shot } from "../lib/look.js";
import { eventually } from "../lib/process.js";
import { startProxy } from "../lib/proxy.js";
import { Publisher } from "../lib/publisher.js";
import { certify, startSite } from "../lib/site.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

const size = { width: 426, height: 240, bitrate: "600k" };

/**
 * Starts a daemon and pushes to it, until the test ends.
 * @param {import("node:test").TestContext} t
 * @param {import("../lib/daemon.js").DaemonOptions} [options]
 */
async function broadcast(t, options) {
	const daemon = await Daemon.start({ renditions: null, ...options });
	t.after(() => daemon.stop());
	const publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
	t.after(() => publisher.stop());
	await daemon.live();
	return daemon;
}

/** @param {import("node:test").TestContext} t @param {string[]} [flags] */
async function browse(t, flags) {
	const browser = await startBrowser({ flags });
	t.after(() => browser.close());
	return browser;
}

test("a page of another site embeds the player, and its viewers share", async (t) => {
	const daemon = await broadcast(t);
	const site = createServer((_, response) => {
		response.writeHead(200, { "content-type": "text/html" });
		response.end(`<!doctype html><title>another site</title>
			<script type="module" src="${daemon.origin}/player.js"></script>
			<live-relay src="${daemon.watch}" style="width: 426px; height: 240px"></live-relay>`);
	});
	await new Promise((resolve) => site.listen(0, "127.0.0.1", () => resolve(undefined)));
	t.after(() => site.close());
	const address = site.address();
	assert.ok(address && typeof address === "object");

	const browser = await browse(t);
	const url = `http://127.0.0.1:${address.port}/`;
	const viewers = [await Viewer.open(browser, url), await Viewer.open(browser, url)];
	for (const viewer of viewers) await viewer.plays();
	await eventually(
		"they share",
		async () => {
			const stats = await Promise.all(viewers.map((viewer) => viewer.stats()));
			return stats.some((s) => s.p2pParts > 0);
		},
		30_000,
	);
});

test("everything works below a path, behind a proxy that strips it", async (t) => {
	/** @type {Awaited<ReturnType<typeof startProxy>> | undefined} */
	let proxy;
	t.after(() => proxy?.stop());
	const daemon = await broadcast(t, {
		beforeStart: async (ports) => {
			proxy = await startProxy(ports.http, "/tv");
			return { http: { address: `127.0.0.1:${ports.http}`, public_url: `${proxy.origin}/tv` } };
		},
	});
	assert.ok(proxy);
	const browser = await browse(t);
	/** @type {Viewer[]} */
	const behind = [];
	for (const path of ["/tv/live/demo", "/tv/embed/demo"]) {
		behind.push(await Viewer.open(browser, proxy.origin + path));
	}
	for (const viewer of behind) await viewer.plays();
	await eventually("they share", async () => (await behind[1].stats()).peers > 0, 30_000);
	// The path is also there without the proxy.
	const direct = await fetch(`${daemon.origin}/tv/live/demo/index.m3u8`);
	assert.equal(direct.status, 200);
	await direct.text();
});

test("with a certificate it speaks HTTP/2 and RTMPS", async (t) => {
	const daemon = await broadcast(t, {
		scheme: { http: "https", rtmp: "rtmps" },
		beforeStart: async (_, folder) => {
			const { files } = await certify(folder);
			return { tls: files };
		},
	});
	const session = connect(daemon.origin, { rejectUnauthorized: false });
	t.after(() => session.close());
	const status = await new Promise((resolve, reject) => {
		session.on("error", reject);
		const stream = session.request({ ":path": "/live/demo/index.m3u8" });
		stream.on("response", (headers) => resolve(headers[":status"]));
		stream.on("error", reject);
		stream.resume();
	});
	assert.equal(status, 200);
	assert.equal(session.alpnProtocol, "h2");

	const browser = await browse(t, ["--ignore-certificate-errors"]);
	await (await Viewer.open(browser, daemon.watch)).plays();
});

test("a page of another site with a strict policy, over HTTPS, embeds what is below a path, in all three ways", async (t) => {
	/** @type {Awaited<ReturnType<typeof startProxy>> | undefined} */
	let proxy;
	/** @type {Awaited<ReturnType<typeof certify>> | undefined} */
	let tls;
	t.after(() => proxy?.stop());
	await broadcast(t, {
		beforeStart: async (ports, folder) => {
			tls = await certify(folder);
			proxy = await startProxy(ports.http, "/tv", tls);
			return { http: { address: `127.0.0.1:${ports.http}`, public_url: `${proxy.origin}/tv` } };
		},
	});
	assert.ok(proxy && tls);
	const browser = await browse(t, ["--ignore-certificate-errors"]);
	const watch = `${proxy.origin}/tv/live/demo`;
	// By its address: what a site's software makes of it, that knows oEmbed.
	const reader = await browser.newPage({ ignoreHTTPSErrors: true });
	await reader.goto(watch);
	const href = await reader.locator("link[type='application/json+oembed']").getAttribute("href");
	const card = JSON.parse(await (await reader.request.get(href ?? "")).text());
	await reader.close();

	const { origin } = proxy;
	const page = (/** @type {string} */ body) =>
		`<!doctype html><html lang="en"><meta charset="utf-8"><title>A site</title><body>${body}`;
	const site = await startSite(
		{
			"/script": page(card.script_html),
			"/frame": page(`<iframe src="${origin}/tv/embed/demo" allow="autoplay"></iframe>`),
			"/address": page(card.html),
		},
		{
			tls,
			policy: [
				`default-src 'none'; script-src ${origin}; frame-src ${origin}; media-src blob:`,
				`connect-src ${origin} ${origin.replace("https", "wss")}; img-src ${origin} data: blob:`,
			].join("; "),
		},
	);
	t.after(() => site.stop());
	for (const way of ["script", "frame", "address"]) {
		const viewer = await Viewer.open(browser, `${site.origin}/${way}`);
		const frame = await viewer.frame();
		const bar = await frame.locator("media-control-bar").boundingBox();
		assert.ok(bar && bar.height > 30 && bar.height < 80, "the controls have no style");
		// The frame's border is an inline style of the page's, which its policy forbids. Both ways
		// to let it fill the screen are there, for sites that let one of them through.
		const complaints = viewer.complaints.filter(
			(text) => !(way === "address" && /style|allowfullscreen/.test(text)),
		);
		assert.deepEqual(complaints, []);
		await shot(viewer.page, `embedded-${way}`);
		await viewer.close();
	}
});
