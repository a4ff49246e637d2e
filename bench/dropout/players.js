// The players that a dropout is shown to. Each tells when it showed a picture, and what
// the clock in that picture said.

import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cells, decode, rowShare } from "../../e2e/lib/clock.js";
import { Process } from "../../e2e/lib/process.js";
import { Viewer } from "../../e2e/lib/viewer.js";

/**
 * One picture that was shown: when, and when it was made (null: not to be read).
 * @typedef {{ at: number, made: number | null }} Shown
 */

/** @typedef {{ name: string, shown: () => Promise<Shown[]>, ended: () => Promise<string>, stop: () => Promise<unknown> }} Player */

/** Cells have eight bits of check only: a time from long ago, or to come, is none. */
const oldest = 120_000;

/** @param {boolean[]} bits @param {number} at */
function made(bits, at) {
	const time = decode(bits, at);
	return time !== null && time <= at && time > at - oldest ? time : null;
}

const small = { width: 160, height: 90 };

/** What runs in a page: keeps the cells of each picture. @param {{ cells: number, rowShare: number }} layout */
const watchPage = (layout) => {
	const player = document.querySelector("live-relay");
	const video = player?.shadowRoot?.querySelector("video") ?? document.querySelector("video");
	const canvas = document.createElement("canvas");
	canvas.width = layout.cells * 4;
	canvas.height = 4;
	const context = canvas.getContext("2d", { willReadFrequently: true });
	if (!video || !context) throw new Error("no video, or no canvas");
	/** @type {{ at: number, cells: boolean[] }[]} */
	const pictures = [];
	Object.assign(window, { pictures });
	const shown = () => {
		const { width, height } = canvas;
		context.drawImage(
			video,
			...[0, 0, video.videoWidth, video.videoHeight * layout.rowShare],
			...[0, 0, width, height],
		);
		const row = context.getImageData(0, 2, width, 1).data;
		const is = (/** @type {number} */ i) => row[4 * (4 * i + 1)] + row[4 * (4 * i + 2)] > 255;
		pictures.push({
			at: Date.now(),
			cells: Array.from({ length: layout.cells }, (_, i) => is(i)),
		});
		video.requestVideoFrameCallback(shown);
	};
	video.requestVideoFrameCallback(shown);
};

/**
 * @param {string} name
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 * @returns {Promise<Player>}
 */
export async function page(name, browser, url) {
	const viewer = await Viewer.open(browser, url);
	await viewer.plays();
	await viewer.page.evaluate(watchPage, { cells, rowShare });
	return {
		name,
		async shown() {
			/** @type {{ at: number, cells: boolean[] }[]} */
			const pictures = await viewer.page.evaluate(() => /** @type {any} */ (window).pictures);
			return pictures.map(({ at, cells: bits }) => ({ at, made: made(bits, at) }));
		},
		async ended() {
			/** @type {string[] | undefined} */
			const trouble = await viewer.page.evaluate(() => /** @type {any} */ (window).trouble);
			return trouble?.slice(-6).join(", ") ?? "";
		},
		stop: () => viewer.close(),
	};
}

/**
 * Reads raw pictures, of which the first plane is luma.
 * @param {import("node:stream").Readable} stream
 * @param {{ width: number, height: number }} size
 * @param {number} bytes of a picture
 * @param {string} mark stands before each picture
 */
function reader(stream, { width, height }, bytes, mark = "") {
	/** @type {Shown[]} */
	const pictures = [];
	let rest = Buffer.alloc(0);
	const middle = Math.floor((height * rowShare) / 2) * width;
	stream.on("data", (data) => {
		rest = Buffer.concat([rest, data]);
		for (;;) {
			const start = rest.indexOf(mark) + mark.length;
			if (start < mark.length || rest.length < start + bytes) return;
			const picture = rest.subarray(start);
			rest = picture.subarray(bytes);
			const is = (/** @type {number} */ i) =>
				picture[middle + Math.floor(((i + 0.5) * width) / cells)] > 127;
			const at = Date.now();
			const bits = Array.from({ length: cells }, (_, i) => is(i));
			pictures.push({ at, made: made(bits, at) });
		}
	});
	return pictures;
}

/** What a program said at last, if it has ended. @param {Process} process */
const last = async (process) =>
	process.running ? "" : `ended: ${process.log.trim().split("\n").slice(-2).join(" ")}`;

/**
 * A program that writes small grey pictures to its file descriptor 3.
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @returns {Player}
 */
function program(name, command, args) {
	const process = new Process(command, args, { stdio: ["ignore", "pipe", "pipe", "pipe"] });
	const pipe = /** @type {import("node:stream").Readable} */ (process.child.stdio[3]);
	const pictures = reader(pipe, small, small.width * small.height);
	return {
		name,
		shown: async () => pictures,
		ended: () => last(process),
		stop: () => process.stop(),
	};
}

/** @param {string} url */
export const ffmpeg = (url) =>
	program("ffmpeg", "ffmpeg", [
		..."-hide_banner -loglevel error -nostdin -i".split(" "),
		...[url, "-map", "0:v:0", "-vf", `scale=${small.width}:${small.height}`],
		..."-pix_fmt gray -fps_mode passthrough -f rawvideo -y pipe:3".split(" "),
	]);

/** @param {string} url */
export const gstreamer = (url) =>
	program("GStreamer", "gst-launch-1.0", [
		...["-q", "playbin3", `uri=${url}`, "audio-sink=fakesink sync=true"],
		`video-sink=videoscale ! videoconvert ! video/x-raw,format=GRAY8,width=${small.width},height=${small.height} ! fdsink fd=3 sync=true`,
	]);

/**
 * VLC's own output of pictures is a file: a pipe here. It plays as nobody, for it
 * refuses to be root.
 * @param {string} url
 * @param {{ width: number, height: number }} size of the source
 * @returns {Player}
 */
export function vlc(url, size) {
	const folder = mkdtempSync(join(tmpdir(), "liverelay-vlc-"));
	const fifo = join(folder, "pictures");
	execFileSync("mkfifo", ["-m", "666", fifo]);
	execFileSync("chmod", ["777", folder]);
	// Open for writing as well: it goes on when VLC opens its output anew.
	const both = openSync(fifo, "r+");
	const cat = spawn("cat", { stdio: [both, "pipe", "inherit"] });
	closeSync(both);
	if (!cat.stdout) throw new Error("no pipe");
	const pictures = reader(cat.stdout, size, (size.width * size.height * 3) / 2, "FRAME\n");
	const args = [
		..."-I dummy --no-video-title-show --aout dummy --vout yuv --yuv-chroma I420".split(" "),
		...["--yuv-file", fifo, "--yuv-yuv4mpeg2", "--adaptive-logic", "highest", url],
	];
	const isRoot = process.getuid?.() === 0;
	const options = { env: { ...process.env, HOME: folder } };
	const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "cvlc", ...args];
	const vlc = isRoot ? new Process("setpriv", nobody, options) : new Process("cvlc", args, options);
	return {
		name: "VLC",
		shown: async () => pictures,
		ended: () => last(vlc),
		async stop() {
			await vlc.stop();
			cat.kill();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}
