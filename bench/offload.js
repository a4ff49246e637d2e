// offload.js [--seconds=60] [--viewers=N]: what two and then four browsers spare the daemon, ladder
// off, 240p, counted outside of it; and how far behind live each of them is.

import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { watch } from "../e2e/lib/measure.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { option, report } from "./lib.js";

const seconds = option("seconds", 60);
const only = option("viewers", 0);
const counts = only > 0 ? [only] : [2, 4];

/** @type {(string | number)[][]} */
const rows = [];
/** @type {Record<string, object>} */
const results = {};
for (const viewers of counts) {
	const daemon = await Daemon.start({ renditions: null });
	const size = { width: 426, height: 240, bitrate: "600k" };
	const publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
	try {
		await daemon.live();
		const result = await watch(daemon, { viewers, seconds });
		results[viewers] = result;
		rows.push([
			viewers,
			fixed(result.possible),
			fixed(result.steady.offload),
			fixed(result.steady.ofPossible),
			fixed(result.whole.offload),
			fixed(result.steady.sentBytes / 1e6),
			fixed(result.steady.playedBytes / 1e6),
			result.viewers.map((viewer) => fixed(viewer.latency.p50)).join(", "),
			result.viewers.map((viewer) => fixed(viewer.latency.max)).join(", "),
			result.viewers.map((viewer) => viewer.stalls).join(", "),
		]);
	} finally {
		await publisher.stop();
		await daemon.stop();
	}
}
const head = ["viewers", "possible", "offload", "of possible", "with page and join"];
head.push("sent MB", "played MB", "latency p50 s, each", "max s, each", "stalls, each");
report("offload", { seconds, results }, table(head, rows));
