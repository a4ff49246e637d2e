// obs.js: the real OBS Studio pushes, Chromium plays; a screenshot and a few figures. Then
// OBS is quit, as a streamer ends a broadcast: viewers are told that it is interrupted, and
// after the grace period that it is over.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Daemon, key, root } from "./lib/daemon.js";
import { OBS } from "./lib/obs.js";
import { eventually, pause } from "./lib/process.js";
import { startBrowser, Viewer } from "./lib/viewer.js";

const out = join(root, "e2e/out");
mkdirSync(out, { recursive: true });

const daemon = await Daemon.start({ config: { grace: "8s" } });
const obs = OBS.start({ server: daemon.server, key });
const browser = await startBrowser();
try {
	const viewer = await Viewer.open(browser, daemon.watch);
	await daemon.live(60_000);
	const began = Date.now();
	await viewer.plays(30_000);
	const seconds = (Date.now() - began) / 1000;
	await pause(15_000);
	await viewer.screenshot(join(out, "obs.png"));
	const warnings = daemon.process.log.split("\n").filter((line) => /"level":"warn"/.test(line));
	console.log(`plays ${seconds.toFixed(1)} s after the first playlist`);
	console.log(JSON.stringify(await viewer.stats()));
	console.log(`warnings for the streamer:\n${warnings.join("\n")}`);
	const ended = Date.now();
	await obs.stop();
	for (const state of ["interrupted", "ended"]) {
		const is = async () => (await viewer.stats()).state === state;
		await eventually(`the player says ${state}`, is, 20_000);
		console.log(
			`${state} ${((Date.now() - ended) / 1000).toFixed(1)} s after OBS was told to quit`,
		);
	}
	const gone = daemon.process.log
		.split("\n")
		.filter((line) => /publisher gone|broadcast ends/.test(line));
	console.log(gone.join("\n"));
	console.log(`screenshot: ${join(out, "obs.png")}`);
} catch (error) {
	console.error(`OBS: ${obs.process.log}\ndaemon: ${daemon.process.log}`);
	throw error;
} finally {
	await browser.close();
	await obs.stop();
	await daemon.stop();
}
