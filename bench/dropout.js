// dropout.js [--away=10]: what players make of dropouts. The page's own player, stock
// hls.js, ffmpeg, VLC and GStreamer watch one broadcast at the same time; its publisher
// is killed and comes back, then the daemon is killed and started again, then the
// publisher stays away for longer than the grace period (15 s). Needs what Debian calls
// vlc-bin, vlc-plugin-base, vlc-plugin-video-output, gstreamer1.0-tools, -plugins-good,
// -plugins-bad and -libav; a program that is not there is left out.

import { spawnSync } from "node:child_process";
import { Daemon } from "../e2e/lib/daemon.js";
import { fixed, quantile, table } from "../e2e/lib/figures.js";
import { eventually, pause } from "../e2e/lib/process.js";
import { Publisher } from "../e2e/lib/publisher.js";
import { startStockPage } from "../e2e/lib/stock.js";
import { startBrowser } from "../e2e/lib/viewer.js";
import * as players from "./dropout/players.js";
import { option, report } from "./lib.js";

const away = option("away", 10) * 1000;
const grace = 15_000;
const size = { width: 640, height: 360 };
/** Players of whole segments are ten seconds behind, and more. */
const settle = 25_000;

/** @typedef {{ what: string, from: number, back: number, to: number }} Dropout */

const daemon = await Daemon.start({
	renditions: ["240p"],
	config: { grace: `${grace / 1000}s`, log: { level: "info" } },
});
const push = () => new Publisher({ url: daemon.rtmp, ...size }).start();
let publisher = push();
const browser = await startBrowser();
const stock = await startStockPage(daemon.playlist);
/** @type {players.Player[]} */
const watching = [];
/** @type {Dropout[]} */
const dropouts = [];

const has = (/** @type {string} */ command) =>
	!spawnSync(command, ["--version"], { stdio: "ignore" }).error;

/**
 * @param {string} what
 * @param {() => Promise<void>} leave
 * @param {() => Promise<void>} comeBack
 * @param {number} milliseconds
 */
async function dropOut(what, leave, comeBack, milliseconds) {
	const from = Date.now();
	await leave();
	await pause(milliseconds);
	const back = Date.now();
	await comeBack();
	await eventually("it is live", async () => {
		const joined = await (await fetch(`${daemon.watch}/join`)).json();
		return joined.state === "live";
	});
	await pause(settle);
	dropouts.push({ what, from, back, to: Date.now() });
}

/** What a player showed around a dropout. @param {players.Shown[]} shown @param {Dropout} dropout */
function seen(shown, { from, back, to }) {
	const inside = shown.filter((s) => s.at > from - 1000 && s.at < to);
	const moments = [from - 1000, ...inside.map((s) => s.at), to];
	const fresh = inside.filter((s) => s.made !== null && s.made > back);
	const last = fresh.filter((s) => s.at > to - 4000);
	return {
		// The longest time that one picture stayed, the last one included.
		still: Math.max(...moments.slice(1).map((at, i) => at - moments[i])) / 1000,
		returned: fresh.length > 0 ? (fresh[0].at - back) / 1000 : Number.NaN,
		behind: quantile(
			last.map((s) => (s.at - (s.made ?? 0)) / 1000),
			0.5,
		),
	};
}

try {
	await daemon.live();
	await pause(4000);
	watching.push(await players.page("liverelay's player", browser, daemon.watch));
	watching.push(await players.page("hls.js 1.7.4", browser, stock.url));
	watching.push(players.ffmpeg(daemon.playlist));
	if (has("cvlc")) watching.push(players.vlc(daemon.playlist, size));
	if (has("gst-launch-1.0")) watching.push(players.gstreamer(daemon.playlist));
	await pause(settle);
	const steady = {
		what: "before",
		from: Date.now() - 5000,
		back: Date.now() - 6000,
		to: Date.now(),
	};
	const crash = () => publisher.crash();
	const again = async () => {
		publisher = push();
	};
	await dropOut(`publisher killed, back after ${away / 1000} s`, crash, again, away);
	await dropOut(
		"daemon killed and started again after 2 s, publisher 2 s later",
		async () => {
			await daemon.crash();
			await publisher.stop();
		},
		async () => {
			await daemon.again();
			await pause(2000);
			publisher = push();
		},
		2000,
	);
	const ended = await Promise.all(watching.map((p) => p.ended()));
	const long = grace + 6000;
	await dropOut(`publisher away for ${long / 1000} s, grace ${grace / 1000} s`, crash, again, long);
	const figures = [];
	for (const [i, player] of watching.entries()) {
		const shown = await player.shown();
		const rows = dropouts.map((d) => ({ what: d.what, ...seen(shown, d) }));
		figures.push({
			player: player.name,
			before: seen(shown, steady).behind,
			rows,
			endedBeforeTheLast: ended[i],
			ended: await player.ended(),
		});
	}
	const words = (/** @type {ReturnType<typeof seen>} */ r) =>
		Number.isNaN(r.returned)
			? "does not come back"
			: `${fixed(r.still, 1)} / ${fixed(r.returned, 1)} / ${fixed(r.behind, 1)}`;
	report(
		"dropout",
		{ figures, dropouts },
		table(
			["player", "behind live before, s", ...dropouts.map((d) => d.what)],
			figures.map((f) => [f.player, fixed(f.before, 1), ...f.rows.map(words)]),
		),
	);
} finally {
	for (const player of watching) await player.stop();
	await browser.close();
	stock.stop();
	await publisher.stop();
	await daemon.stop();
}
process.exit(0);
