// viewers.js [--viewers=20] [--seconds=60]: headless viewers with real WebRTC, and what
// left the daemon, counted outside of it.

import { Counters } from "../e2e/lib/counters.js";
import { binary, Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { run } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { option, report } from "./lib.js";

const viewers = option("viewers", 20);
const seconds = option("seconds", 60);

const daemon = await Daemon.start({ renditions: null });
const size = { width: 426, height: 240, bitrate: "600k" };
const publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
try {
	await daemon.live();
	const counters = await Counters.start(daemon.ports);
	const args = ["viewers", "-n", viewers, "--duration", `${seconds}s`, "--json", daemon.watch];
	const timeout = (seconds + 60) * 1000;
	const { code, stdout, stderr } = await run(binary, args.map(String), { timeout });
	if (code !== 0) throw new Error(stderr);
	const said = JSON.parse(/** @type {string} */ (String(stdout).trim().split("\n").at(-1)));
	const { http, stun } = await counters.read();
	const counted = 1 - (http + stun) / said.playedBytes;
	const enough = said.playedSeconds / (viewers * seconds);
	const head = ["viewers", "joined", "stalls", "played share", "latency p50 / p95 s"];
	head.push("join p50 / p95 s", "offload, it says", "offload, counted", "possible");
	const row = [
		...[viewers, said.joined, said.stalls, fixed(enough, 3)],
		`${fixed(said.latency.p50)} / ${fixed(said.latency.p95)}`,
		`${fixed(said.join.p50)} / ${fixed(said.join.p95)}`,
		...[said.offload, counted, (viewers - 1) / viewers].map((share) => fixed(share, 3)),
	];
	report("viewers", { said, counted, http, stun }, table(head, [row]));
} finally {
	await publisher.stop();
	await daemon.stop();
}
