// waiting.js [--runs=3]: 1,000 clients wait for the same part, ten times (BenchmarkWaiting), at ours
// and, when MEDIAMTX names its binary, at MediaMTX, which takes the same stream meanwhile. Beside it
// what of the memory is the waiting's own: the same in a handler of nothing but net/http.

import { Daemon, root } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { pause, run } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { option, report } from "./lib.js";
import * as mediamtx from "./others/mediamtx.js";

const runs = option("runs", 3);
const daemon = await Daemon.start({ renditions: null, config: { log: { level: "info" } } });
const other = mediamtx.binary ? await mediamtx.startMediaMTX() : null;
await pause(1000);
const flv = (/** @type {string} */ url) => `[f=flv:flvflags=no_duration_filesize]${url}`;
const urls = [daemon.rtmp, ...(other ? [other.rtmp] : [])];
const publisher = new Publisher({
	url: "",
	keyint: 30,
	output: ["-flags", "+global_header", "-f", "tee", urls.map(flv).join("|")],
}).start();

/** @param {string} url @param {number} pid */
async function measure(url, pid) {
	const args = ["test", "./bench", "-run", "^$", "-bench", "Waiting", "-benchtime", "1x"];
	Object.assign(process.env, { BENCH_URL: url, BENCH_PID: String(pid) });
	const { code, stdout, stderr } = await run("go", args, { cwd: root });
	const text = String(stdout);
	if (code !== 0) throw new Error(text + stderr);
	const of = (/** @type {string} */ unit) =>
		Number(text.match(new RegExp(`([\\d.]+) ${unit}`))?.[1] ?? Number.NaN);
	return {
		p50: of("spread-p50-ms"),
		most: of("spread-max-ms"),
		bytes: of("B/client"),
		failed: of("failed"),
	};
}

/** What a request that waits takes beyond its idle connection, in bytes. */
async function share() {
	const bench = ["-run", "^$", "-bench", "HeldMemory", "-benchtime", "1x"];
	const { stdout, stderr } = await run("go", ["test", "./origin", ...bench], { cwd: root });
	const text = String(stdout);
	const of = (/** @type {string} */ unit) => Number(text.match(new RegExp(`(\\d+) ${unit}`))?.[1]);
	const side = (/** @type {string} */ name) => [of(`${name}-heap-B`), of(`${name}-stack-B`)];
	if (!/^PASS/m.test(text)) console.error(text + stderr);
	return { isMet: /^PASS/m.test(text), bare: side("bare"), own: side("own") };
}

try {
	await daemon.live();
	await other?.live();
	await pause(12_000);
	const rows = [];
	for (let i = 0; i < runs; i++) {
		rows.push({ server: "liverelay", ...(await measure(daemon.playlist, daemon.process.pid)) });
		if (other)
			rows.push({ server: "MediaMTX", ...(await measure(other.playlist, other.server.pid)) });
	}
	const { isMet, bare, own } = await share();
	const times = table(
		["server", "p50 ms", "most ms", "bytes a client", "failed"],
		rows.map((r) => [r.server, fixed(r.p50, 0), fixed(r.most, 0), fixed(r.bytes, 0), r.failed]),
	);
	const bytes = table(
		["a request that waits, beyond its idle connection", "heap bytes", "stack bytes"],
		[
			["in a handler of nothing but net/http", ...bare],
			["a blocking reload of liverelay's", ...own],
		],
	);
	report("waiting", { rows, bare, own }, `${times}\n\n${bytes}`);
	if (rows.some((r) => r.failed > 0) || !isMet) process.exitCode = 1;
} catch (error) {
	console.error(other?.server.log);
	throw error;
} finally {
	await publisher.stop();
	await other?.stop();
	await daemon.stop();
}
process.exit();
