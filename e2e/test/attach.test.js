// Attached to servers that people run already: what they send is carried as it is, and
// each part of it is fetched once.

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { after, afterEach, before, describe, test } from "node:test";
import { Daemon, key } from "../lib/daemon.js";
import { peertubeStandIn } from "../lib/peertube.js";
import { eventually, pause } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";
import { Nginx, packager } from "../lib/upstream.js";
import { startBrowser, Viewer } from "../lib/viewer.js";

/** @param {string} source @param {Record<string, unknown>} [more] */
const attached = (source, more = {}) =>
	Daemon.start({
		renditions: null,
		config: { streams: { demo: { source } }, grace: "20s", ...more },
	});

const small = { width: 320, height: 180, bitrate: "400k" };

describe("attached to HLS behind nginx", () => {
	/** @type {Nginx} */
	let nginx;
	/** @type {import("../lib/viewer.js").Browser} */
	let browser;
	/** @type {Daemon | undefined} */
	let daemon;
	/** @type {Publisher | undefined} */
	let publisher;

	before(async () => {
		nginx = await Nginx.start();
		browser = await startBrowser();
	});
	after(async () => {
		await browser?.close();
		await publisher?.stop();
		await daemon?.stop();
		await nginx?.stop();
	});

	/**
	 * Waits until so many seconds more are played: that it goes on is asked, and a busy machine
	 * may take its time.
	 * @param {Viewer} viewer
	 * @param {number} seconds
	 */
	const advances = async (viewer, seconds) => {
		const from = await viewer.playedSeconds();
		await eventually(`${seconds} s are played`, async () => {
			const played = (await viewer.playedSeconds()) - from;
			if (played > seconds) return true;
			const said = [played, await viewer.stats(), viewer.complaints];
			throw new Error(JSON.stringify(said));
		});
	};

	const { renamed, ...kinds } = packager;
	for (const [name, output] of Object.entries(kinds)) {
		test(`plays ${name}, and fetches each part once for two viewers`, async () => {
			publisher = new Publisher({
				url: "",
				...small,
				output: output(nginx.hls, nginx.origin),
			}).start();
			daemon = await attached(`${nginx.origin}/hls/index.m3u8`);
			await daemon.live(30_000);
			const viewers = [
				await Viewer.open(browser, daemon.watch),
				await Viewer.open(browser, daemon.watch),
			];
			for (const viewer of viewers) await viewer.plays();
			await Promise.all(viewers.map((viewer) => advances(viewer, 10)));
			for (const viewer of viewers) {
				await viewer.observe();
			}
			await pause(3_000);
			const seen = await viewers[0].observed();
			assert.ok(seen.latency.p50 < 10, `${seen.latency.p50} s behind live`);
			const stats = await viewers[0].stats();
			assert.equal(stats.rejectedChunks, 0);
			if (name !== "ranges") {
				const { files, requests } = nginx.media();
				assert.ok(files > 4, `${files} files`);
				assert.equal(requests, files, JSON.stringify(nginx.sent()));
			}
			for (const viewer of viewers) await viewer.close();
			await publisher.stop();
			await daemon.stop();
			daemon = undefined;
			rmSync(`${nginx.folder}/access.log`, { force: true });
			await nginx.kill();
			await nginx.again();
		});
	}

	/** @param {Viewer} viewer */
	const returns = (viewer) =>
		eventually("it plays again", async () => (await viewer.stats()).state === "playing", 60_000);

	test("players wait while upstream is away, and return when it begins anew at sequence 0 with the same names, or others", async () => {
		const output = packager.ts(nginx.hls);
		publisher = new Publisher({ url: "", ...small, output }).start();
		daemon = await attached(`${nginx.origin}/hls/index.m3u8`);
		await daemon.live(30_000);
		const viewer = await Viewer.open(browser, daemon.watch);
		await viewer.plays();
		await advances(viewer, 4);
		await publisher.stop();
		await nginx.kill();
		await pause(6_000);
		await nginx.again();
		publisher = new Publisher({ url: "", ...small, output }).start();
		await returns(viewer);
		await advances(viewer, 6);

		await publisher.stop();
		publisher = new Publisher({ url: "", ...small, output: renamed(nginx.hls) }).start();
		const names = () => Object.entries(nginx.sent()).filter(([path]) => /renamed/.test(path));
		await eventually("the others are fetched", () => names().length > 2, 20_000);
		await returns(viewer);
		await advances(viewer, 8); // more than what was there before
		for (const [path, requests] of names()) assert.equal(requests, 1, path);
	});
});

describe("attached to what is no plain playlist", () => {
	/** @type {Nginx} */
	let nginx;
	/** @type {import("../lib/viewer.js").Browser} */
	let browser;
	/** @type {{ stop(): Promise<unknown> }[]} */
	let running = [];

	before(async () => {
		nginx = await Nginx.start();
		browser = await startBrowser();
	});
	after(async () => {
		await browser?.close();
		await nginx?.stop();
	});
	afterEach(async () => {
		for (const one of running.reverse()) await one.stop();
		running = [];
	});

	/** @template {{ stop(): Promise<unknown> }} T @param {T} one */
	const keep = (one) => {
		running.push(one);
		return one;
	};

	/** @param {Daemon} daemon @param {number} seconds behind live at most */
	const plays = async (daemon, seconds) => {
		await daemon.live(40_000);
		const viewer = await Viewer.open(browser, daemon.watch);
		await viewer.plays();
		await pause(4_000);
		await viewer.observe();
		await pause(5_000);
		const seen = await viewer.observed();
		assert.ok(
			seen.latency.samples > 10,
			JSON.stringify([seen, await viewer.stats(), viewer.complaints]),
		);
		assert.ok(seen.latency.p50 < seconds, `${seen.latency.p50} s behind live`);
		await viewer.close();
	};

	test("LL-HLS: its parts are carried, at low latency", async () => {
		const upstream = keep(await Daemon.start({ renditions: null }));
		keep(new Publisher({ url: upstream.rtmp, ...small }).start());
		await upstream.live();
		await plays(keep(await attached(upstream.playlist)), 4);
	});

	test("the HLS that nginx's RTMP module cuts", async () => {
		const { http, rtmp } = nginx.ports;
		keep(new Publisher({ url: `rtmp://127.0.0.1:${rtmp}/live/module`, ...small }).start());
		await plays(keep(await attached(`http://127.0.0.1:${http}/module/module.m3u8`)), 12);
	});

	test("nginx's RTMP module itself", async () => {
		const address = `rtmp://127.0.0.1:${nginx.ports.rtmp}/live/played`;
		keep(new Publisher({ url: address, ...small }).start());
		await plays(keep(await attached(address)), 5);
	});

	test("a watch page of PeerTube (a stand-in), which waits and then goes live", async () => {
		keep(new Publisher({ url: "", ...small, output: packager.fmp4(nginx.hls) }).start());
		const peertube = keep(await peertubeStandIn({ playlist: `${nginx.origin}/hls/index.m3u8` }));
		// The playlist lies on another port than the page: it has to be allowed.
		const outbound = { allow_hosts: [`127.0.0.1:${nginx.ports.http}`] };
		const daemon = keep(await attached(peertube.watch, { outbound }));
		await eventually("it waits", async () =>
			(await source(daemon)).fault?.includes("not live yet"),
		);
		peertube.begin();
		await plays(daemon, 12);
		assert.deepEqual(await source(daemon), { kind: "peertube", attached: true });
		const join = await (await fetch(`${daemon.watch}/join`)).json();
		assert.equal(join.title, "What PeerTube calls it");
	});

	test("nginx asks whether a key is right, and pushes what is published under it", async () => {
		const daemon = keep(await Daemon.start({ renditions: null }));
		const front = keep(
			await Nginx.start({
				push: daemon.server,
				onPublish: `http://127.0.0.1:${daemon.ports.metrics}/hooks/nginx-rtmp`,
			}),
		);
		const app = `rtmp://127.0.0.1:${front.ports.rtmp}/live`;
		const stranger = keep(new Publisher({ url: `${app}/not-a-key-of-anybody`, ...small }).start());
		assert.notEqual(await stranger.ffmpeg.ended, 0, "nginx refuses it");
		keep(new Publisher({ url: `${app}/${key}`, ...small }).start());
		await plays(daemon, 5);
	});

	test("forward goes on to nginx, beside one target that is dead", async () => {
		const alive = `rtmp://127.0.0.1:${nginx.ports.rtmp}/live/forwarded`;
		const forward = ["rtmp://127.0.0.1:9/live/a-key-that-nobody-takes", alive];
		const daemon = keep(
			await Daemon.start({ renditions: null, config: { streams: { demo: { key, forward } } } }),
		);
		keep(new Publisher({ url: daemon.rtmp, ...small }).start());
		await daemon.live();
		const playlist = `${nginx.origin}/module/forwarded.m3u8`;
		await eventually("nginx has it", async () => (await fetch(playlist)).ok, 20_000);
		const { forwards } = await (await fetch(`${daemon.origin}/api/v1/streams/demo`)).json();
		assert.equal(forwards[0].state, "failing");
		assert.ok(forwards[0].failures > 0);
		assert.equal(forwards[1].state, "sending");
		assert.ok(forwards[1].sentBytes > 50_000);
		assert.ok(!JSON.stringify(forwards).includes("nobody-takes"));
		assert.ok(!daemon.process.log.includes("nobody-takes"), "no key in the log");
		const metrics = await (await fetch(`http://127.0.0.1:${daemon.ports.metrics}/metrics`)).text();
		assert.match(metrics, /liverelay_forward_up\{stream="demo",target="1"\} 1/);
		await plays(daemon, 4);
	});
});

/** @param {Daemon} daemon */
async function source(daemon) {
	return (await (await fetch(`${daemon.origin}/api/v1/streams/demo`)).json()).source;
}
