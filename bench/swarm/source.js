// The stream that a scene shows: 240p30 of 500 kbit/s with 64 kbit/s of sound.

import * as playlists from "../../e2e/lib/playlists.js";
import { eventually } from "../../e2e/lib/process.js";
import { Publisher } from "../../e2e/lib/publisher.js";

/** What is pushed, in bit/s. */
export const bitrate = 564_000;

/** Two more renditions, small enough for two cores that do all else as well. */
export const ladder = [
	{ height: 180, bitrate: "300kbit/s" },
	{ height: 120, bitrate: "150kbit/s" },
];

/** @typedef {import("../../e2e/lib/daemon.js").Daemon} Daemon */

/** @param {Daemon} daemon */
export function push(daemon) {
	const size = { width: 426, height: 240, bitrate: "500k", audioBitrate: "64k" };
	// The machine is busy where browsers start beside it: a source's clock goes on all the same.
	return new Publisher({ url: daemon.rtmp, ...size, patience: 3000 }).start();
}

/** Segments of a rendition that are weighed. */
const weighed = 3;

/**
 * What really comes: bit/s of media of each rendition of the picture with its sound,
 * and the mean duration of its parts in seconds.
 * @param {Daemon} daemon
 * @returns {Promise<{ name: string, rate: number, part: number }[]>}
 */
export async function measured(daemon) {
	const { playlists: urls } = playlists.readMultivariant(
		await playlists.text(daemon.playlist),
		daemon.playlist,
	);
	/** @type {Map<string, { rate: number, part: number }>} */
	const all = new Map();
	for (const url of new Set(urls)) all.set(playlists.renditionOf(url), await weigh(url));
	const sound = all.get("audio")?.rate ?? 0;
	all.delete("audio");
	return [...all].map(([name, { rate, part }]) => ({ name, rate: rate + sound, part }));
}

/** @param {string} url a media playlist */
async function weigh(url) {
	const { text, segments } = await eventually("some segments", async () => {
		const text = await playlists.text(url);
		const segments = playlists.listSegments(text, url).slice(-weighed);
		return segments.length === weighed ? { text, segments } : null;
	});
	let [bytes, seconds] = [0, 0];
	for (const { uri, duration } of segments) {
		// A server whose egress is limited refuses at times.
		bytes += (await eventually("a segment", () => playlists.bytes(uri))).length;
		seconds += duration;
	}
	const parts = [...text.matchAll(/#EXT-X-PART:DURATION=([\d.]+)/g)].map((m) => Number(m[1]));
	return { rate: (bytes * 8) / seconds, part: parts.reduce((a, b) => a + b, 0) / parts.length };
}
