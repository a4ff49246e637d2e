// What people try at the door of a server, against the whole program.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { Daemon, key } from "../lib/daemon.js";
import { run } from "../lib/process.js";
import { Publisher } from "../lib/publisher.js";

const title = `"><script>alert(1)</script>`;

describe("abuse", () => {
	/** @type {Daemon} */
	let daemon;
	before(async () => {
		daemon = await Daemon.start({
			renditions: null,
			config: { streams: { demo: { key, title, description: title } } },
		});
	});
	after(() => daemon?.stop());

	/**
	 * Sends a path as it is; fetch would clean it.
	 * @param {string} path
	 * @returns {Promise<{ status: number, body: string }>}
	 */
	const raw = (path) =>
		new Promise((resolve, reject) => {
			let answer = "";
			const socket = connect(daemon.ports.http, "127.0.0.1", () => {
				socket.write(
					`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
					"latin1",
				);
			});
			socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
			socket.on("data", (data) => {
				answer += data;
			});
			socket.on("error", reject);
			socket.on("close", () =>
				resolve({
					status: Number(answer.split(" ")[1]),
					body: answer.split("\r\n\r\n", 2)[1] ?? "",
				}),
			);
		});

	test("case 6: paths that climb are 400 or 404, and open nothing", async () => {
		const up = ["..", "%2e%2e", "%2E.", "..%2f..", "%5c..%5c..", "..\\..", "%00", "a%00b"];
		const tails = ["", "/", "/etc/passwd", "/liverelay.yaml", "/data/identity"];
		const paths = up.flatMap((step) =>
			["/live/", "/live/demo/", "/player/", "/embed/", "/api/v1/streams/"].flatMap((base) =>
				tails.map((tail) => `${base}${step}${tail}`),
			),
		);
		paths.push(
			`/live/${"a".repeat(5_000)}`,
			`/${"%41".repeat(20_000)}`,
			"/live/%ff%fe",
			"//etc/passwd",
		);
		for (const path of paths) {
			const { status, body } = await raw(path);
			// A path that only climbs to another page of ours may be sent there.
			assert.ok(
				[301, 307, 308, 400, 404, 414, 431].includes(status),
				`${status} for ${path.slice(0, 80)}`,
			);
			assert.doesNotMatch(body, /root:|the-key-of/, path);
		}
		assert.ok(await daemon.ready());
	});

	test("case 10: shell characters in names and keys are names and keys, wrong ones", async () => {
		for (const name of ["$(touch x)", "a;b", "`id`", "a|b", "a&b", "a b", "'", '"', "../demo"]) {
			const { status } = await raw(`/live/${encodeURIComponent(name)}/index.m3u8`);
			assert.ok([400, 404].includes(status), `${status} for ${name}`);
		}
		const refused = await push(`${daemon.server}/$(id);x`);
		assert.notEqual(refused.code, 0);
	});

	test("case 8: a wrong key is refused with the word that publishers know", async () => {
		const { code, stderr } = await push(`${daemon.server}/not-the-key-of-anything`);
		assert.notEqual(code, 0);
		assert.match(stderr, /BadName|Stream not found|denied|refused/i);
		assert.ok(!daemon.process.log.includes("not-the-key-of-anything"), "the key is in the log");
		assert.ok(!daemon.process.log.includes(key), "the right key is in the log");
	});

	test("case 8: a second publisher is refused and the first goes on", async () => {
		const first = new Publisher({ url: daemon.rtmp, width: 426, height: 240 }).start();
		try {
			await daemon.live();
			const second = await push(daemon.rtmp);
			assert.notEqual(second.code, 0, second.stderr);
			assert.ok(first.ffmpeg.running);
			assert.equal((await fetch(daemon.playlist)).status, 200);
		} finally {
			await first.stop();
		}
	});

	test("case 11: a title is text on every page, and scripts are the site's own", async () => {
		for (const path of ["/", "/live/demo", "/embed/demo", "/live/nobody", "/live/%3Cscript%3E"]) {
			const response = await fetch(daemon.origin + path);
			const page = await response.text();
			assert.ok(!page.includes("<script>alert"), path);
			assert.ok(!page.includes(`"><script`), path);
			const policy = response.headers.get("content-security-policy") ?? "";
			assert.match(policy, /default-src|script-src/, `${path}: ${policy}`);
			assert.doesNotMatch(policy, /script-src[^;]*'unsafe-(inline|eval)'/, path);
			assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
		}
	});

	test("case 7: no answer and no metric holds a key", async () => {
		const metrics = `http://127.0.0.1:${daemon.ports.metrics}/metrics`;
		for (const url of [
			metrics,
			`${daemon.origin}/api/v1/streams`,
			`${daemon.origin}/api/v1/streams/demo`,
		]) {
			const response = await fetch(url);
			assert.equal(response.status, 200, url);
			assert.ok(!(await response.text()).includes(key), url);
		}
	});
});

/** Pushes a second of a test picture. @param {string} url */
const push = (url) =>
	run(
		"ffmpeg",
		[
			..."-v error -re -f lavfi -i testsrc=size=320x240:rate=15 -t 2".split(" "),
			..."-c:v libx264 -preset ultrafast -g 15 -f flv".split(" "),
			url,
		],
		{ timeout: 30_000 },
	);
