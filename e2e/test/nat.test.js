// Viewers in two homes, each behind a router that masquerades.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { binary, Daemon } from "../lib/daemon.js";
import { Network, publicAddress } from "../lib/network.js";
import { Process, run } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";

describe("two homes behind NAT", () => {
	/** @type {Network} */
	let internet;
	before(async () => {
		internet = await Network.homes(2);
	});
	after(() => internet?.remove());

	/**
	 * Runs a few lines of JavaScript in a home.
	 * @param {number} home
	 * @param {string} script
	 */
	const node = (home, script) => {
		const [command, ...args] = [...internet.inside(home), process.execPath, "-e", script];
		return new Process(command, args);
	};

	test("a home reaches the internet, and nobody reaches into a home", async (t) => {
		const server = new Process(process.execPath, [
			"-e",
			`require("net").createServer((s) => s.end(s.remoteAddress)).listen(7000, "${publicAddress}", () => console.log("up"))`,
		]);
		t.after(() => server.stop());
		await server.prints(/up/);
		const [command, ...inside] = internet.inside(1);
		const ask = `require("net").connect(7000, "${publicAddress}").pipe(process.stdout)`;
		const seen = await run(command, [...inside, process.execPath, "-e", ask]);
		assert.equal(String(seen.stdout), "203.0.113.11", "the router's address, not the home's");

		const listener = node(1, `require("net").createServer().listen(7001, () => console.log("up"))`);
		t.after(() => listener.stop());
		await listener.prints(/up/);
		for (const address of ["10.1.0.2", "203.0.113.11"]) {
			const intrude = `
				const s = require("net").connect(7001, "${address}", () => { console.log("in"); process.exit() });
				s.setTimeout(1500, () => process.exit()); s.on("error", () => process.exit())`;
			const [other, ...rest] = internet.inside(2);
			const { stdout } = await run(other, [...rest, process.execPath, "-e", intrude]);
			assert.equal(String(stdout), "", `home 2 reached ${address}`);
		}
	});

	test("two homes that send to each other at once get through", async (t) => {
		const punch = (/** @type {number} */ other) => `
			const s = require("dgram").createSocket("udp4").bind(40000);
			s.on("message", (m) => { console.log("got " + m); s.send("again", 40000, "203.0.113.1${other}") });
			setInterval(() => s.send("hello", 40000, "203.0.113.1${other}"), 100)`;
		const homes = [node(1, punch(2)), node(2, punch(1))];
		t.after(() => Promise.all(homes.map((h) => h.stop())));
		await Promise.all(homes.map((h) => h.prints(/got/, 5_000)));
	});

	test("viewers in both homes share, by the daemon's own STUN", async (t) => {
		const daemon = await Daemon.start({ renditions: null, host: publicAddress });
		t.after(() => daemon.stop());
		const size = { width: 426, height: 240, bitrate: "600k" };
		const publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
		t.after(() => publisher.stop());
		await daemon.live();
		const results = await Promise.all(
			[1, 2].map(async (home) => {
				const [command, ...inside] = internet.inside(home);
				const args = [binary, "viewers", "-n", "1", "--duration", "15s", "--json", daemon.watch];
				const { code, stdout, stderr } = await run(command, [...inside, ...args]);
				assert.equal(code, 0, stderr);
				return JSON.parse(/** @type {string} */ (String(stdout).trim().split("\n").at(-1)));
			}),
		);
		for (const result of results) {
			assert.ok(result.playedSeconds > 10, JSON.stringify(results));
			assert.ok(result.p2pBytes > 0, JSON.stringify(results));
		}
	});
});
