// latency.js [--viewers=2] [--seconds=60]: glass-to-glass latency in Chromium with the
// ladder on, from a clock in the picture of a 640x360 source at 30 pictures a second.

import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { watch } from "../e2e/lib/measure.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { option, picture, report } from "./lib.js";

const viewers = option("viewers", 2);
const seconds = option("seconds", 60);

const daemon = await Daemon.start({ renditions: ["240p"] });
const publisher = new Publisher({ url: daemon.rtmp }).start();
try {
	await daemon.live();
	const result = await watch(daemon, { viewers, seconds, screenshot: picture("latency.png") });
	const rows = result.viewers.map((viewer, i) => [
		i + 1,
		viewer.stats.rendition,
		fixed(viewer.latency.p50),
		fixed(viewer.latency.p95),
		fixed(viewer.latency.max),
		viewer.latency.samples,
		viewer.stalls,
		viewer.stats.stalls,
		fixed(viewer.stats.joinSeconds),
		`${viewer.stats.httpParts} / ${viewer.stats.p2pParts}`,
	]);
	const head = ["viewer", "rendition", "p50 s", "p95 s", "max s", "samples"];
	head.push("stalls seen", "stalls said", "join s", "parts HTTP / peers");
	report("latency", { seconds, skippedPictures: publisher.skipped, ...result }, table(head, rows));
} finally {
	await publisher.stop();
	await daemon.stop();
}
