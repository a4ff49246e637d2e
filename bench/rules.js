// rules.js [--seconds=10]: what the checker (bench/check) says of our playlists, of ffmpeg's
// own HLS behind nginx, and of MediaMTX's when MEDIAMTX names its binary. All of them have a
// picture of 640x360 with a keyframe each second.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Daemon, root } from "../e2e/lib/daemon.js";
import { table } from "../e2e/lib/figures.js";
import { pause, run } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { option, report } from "./lib.js";
import * as mediamtx from "./others/mediamtx.js";
import { startPlain } from "./others/plain.js";

const seconds = option("seconds", 10);
/** Until there is a window of segments. */
const settle = 14_000;
const source = { width: 640, height: 360, keyint: 30 };

const folder = mkdtempSync(join(tmpdir(), "liverelay-check-"));
const checker = join(folder, "check");
execFileSync("go", ["build", "-o", checker, "./bench/check"], { cwd: root, stdio: "inherit" });

/** @typedef {{ name: string, state: "kept" | "broken" | "untested", meaning: string, findings?: string[] }} Rule */

/**
 * @param {string} server
 * @param {string} playlist
 */
async function check(server, playlist) {
	await pause(settle);
	const args = ["-json", "-watch", `${seconds}s`, playlist];
	const checked = await run(checker, args, { timeout: 120_000 });
	if (checked.stdout.length === 0) throw new Error(`${server}: ${checked.stderr}`);
	/** @type {{ lowLatency: boolean, rules: Rule[] }} */
	const verdict = JSON.parse(checked.stdout.toString());
	return { server, ...verdict };
}

async function ours() {
	const daemon = await Daemon.start({ renditions: ["240p"] });
	const publisher = new Publisher({ url: daemon.rtmp, ...source }).start();
	try {
		await daemon.live();
		return await check("liverelay, ladder of 240p, audio-only variant", daemon.playlist);
	} finally {
		await publisher.stop();
		await daemon.stop();
	}
}

async function theirs() {
	const server = await mediamtx.startMediaMTX();
	await pause(1000);
	const publisher = new Publisher({ url: server.rtmp, ...source }).start();
	try {
		await server.live();
		return await check("MediaMTX, parts of 250 ms, 12 segments", server.playlist);
	} finally {
		await publisher.stop();
		await server.stop();
	}
}

async function plain() {
	const server = await startPlain({ fmp4: true, source: { ...source, bitrate: "1200k" } });
	try {
		return await check("ffmpeg -f hls (fMP4, 2 s) behind nginx", server.playlist);
	} finally {
		await server.stop();
	}
}

const verdicts = [await ours()];
if (mediamtx.binary) verdicts.push(await theirs());
verdicts.push(await plain());
rmSync(folder, { recursive: true });

/** @param {Rule[]} rules @param {Rule["state"]} state */
const of = (rules, state) => rules.filter((rule) => rule.state === state);
report(
	"rules",
	{ seconds, verdicts },
	table(
		["server", "low latency", "rules kept", "broken", "nothing to try it on"],
		verdicts.map(({ server, lowLatency, rules }) => [
			server,
			lowLatency ? "yes" : "no",
			of(rules, "kept").length,
			[of(rules, "broken").length, ...of(rules, "broken").map((r) => r.name)].join(" "),
			[of(rules, "untested").length, ...of(rules, "untested").map((r) => r.name)].join(" "),
		]),
	),
);
for (const { server, rules } of verdicts)
	for (const { name, findings } of of(rules, "broken"))
		for (const finding of findings ?? []) console.log(`${server}: ${name}: ${finding}`);
process.exit(of(verdicts[0].rules, "broken").length > 0 ? 1 : 0);
