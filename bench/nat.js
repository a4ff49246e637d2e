// nat.js [--seconds=30]: two viewers in two homes behind NAT, first headless, then in
// Chromium. They have nothing but the daemon's own STUN to find a way to each other.

import { binary, Daemon } from "../e2e/lib/daemon.js";
import { table } from "../e2e/lib/figures.js";
import { Network, publicAddress } from "../e2e/lib/network.js";
import { pause, run } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { startBrowser, Viewer } from "../e2e/lib/viewer.js";
import { option, report } from "./lib.js";

const seconds = option("seconds", 30);
const homes = [1, 2];

const internet = await Network.homes(homes.length);
const daemon = await Daemon.start({ renditions: null, host: publicAddress });
const size = { width: 426, height: 240, bitrate: "600k" };
const publisher = new Publisher({ url: daemon.rtmp, ...size }).start();
try {
	await daemon.live();
	const headless = await Promise.all(homes.map(headlessViewer));
	const browsers = await browserViewers();
	const row = (/** @type {string} */ kind, /** @type {any} */ r, /** @type {number} */ i) => [
		...[kind, i + 1, r.httpBytes, r.p2pBytes, r.stalls],
	];
	report(
		"nat",
		{ seconds, headless, browsers },
		table(
			["viewer", "home", "bytes by HTTP", "bytes from the other home", "stalls"],
			[
				...headless.map((r, i) => row("headless", r, i)),
				...browsers.map((r, i) => row("Chromium", r, i)),
			],
		),
	);
} finally {
	await publisher.stop();
	await daemon.stop();
	await internet.remove();
}

/** @param {number} home */
async function headlessViewer(home) {
	const [command, ...inside] = internet.inside(home);
	const args = ["viewers", "-n", "1", "--duration", `${seconds}s`, "--json", daemon.watch];
	const timeout = (seconds + 30) * 1000;
	const { code, stdout, stderr } = await run(command, [...inside, binary, ...args], { timeout });
	if (code !== 0) throw new Error(stderr);
	return JSON.parse(/** @type {string} */ (String(stdout).trim().split("\n").at(-1)));
}

async function browserViewers() {
	const browsers = await Promise.all(
		homes.map((h) => startBrowser({ prefix: internet.inside(h) })),
	);
	try {
		const viewers = await Promise.all(browsers.map((b) => Viewer.open(b, daemon.watch)));
		for (const viewer of viewers) await viewer.plays();
		await pause(seconds * 1000);
		return await Promise.all(viewers.map((viewer) => viewer.stats()));
	} finally {
		await Promise.all(browsers.map((browser) => browser.close()));
	}
}
