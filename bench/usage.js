// usage.js [--seconds=60]: processor time and memory of the daemon's own process (not
// of ffmpeg) with one 1280x720 source at 30 pictures a second and the ladder; first
// without viewers, then with two browsers.

import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, table } from "../e2e/lib/figures.js";
import { usage } from "../e2e/lib/measure.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { startBrowser, Viewer } from "../e2e/lib/viewer.js";
import { option, report } from "./lib.js";

const seconds = option("seconds", 60);

const daemon = await Daemon.start({ renditions: ["480p", "240p"] });
const size = { width: 1280, height: 720, bitrate: "2500k" };
const publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
const browser = await startBrowser();
try {
	await daemon.live();
	const alone = await usage(daemon, seconds);
	const viewers = [];
	for (let i = 0; i < 2; i++) viewers.push(await Viewer.open(browser, daemon.watch));
	for (const viewer of viewers) await viewer.plays();
	const watched = await usage(daemon, seconds);
	const row = (/** @type {string} */ name, /** @type {typeof alone} */ u) => [
		name,
		...[fixed(u.cores * 100, 1), fixed(u.residentMiB, 0), fixed(u.peakMiB, 0)],
	];
	report(
		"usage",
		{ alone, watched, skippedPictures: publisher.skipped },
		table(
			["720p30, rungs 480p and 240p", "% of a core", "resident MiB", "peak MiB"],
			[row("no viewer", alone), row("two viewers", watched)],
		),
	);
} finally {
	await browser.close();
	await publisher.stop();
	await daemon.stop();
}
