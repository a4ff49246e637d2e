// Strict readers over what the daemon serves. Two parsers that others wrote look for
// what the specification forbids; what neither knows is checked here
// (draft-pantos-hls-rfc8216bis).

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const hls = require("hls-parser");
const { Parser } = require("m3u8-parser");

hls.setOptions({ strictMode: true, silent: true });

/**
 * Everything that both parsers find wrong with a playlist.
 * @param {string} text
 * @param {string} url
 * @returns {string[]}
 */
export function complaints(text, url) {
	/** @type {string[]} */
	const found = [];
	try {
		hls.parse(text);
	} catch (error) {
		found.push(`hls-parser: ${error}`);
	}
	const parser = new Parser({ url });
	for (const level of ["warn", "error"]) {
		parser.on(level, (/** @type {{ message: string }} */ event) =>
			found.push(`m3u8-parser: ${event.message}`),
		);
	}
	parser.push(text);
	parser.end();
	return found;
}

/**
 * @typedef {{ uri: string, duration: number, independent: boolean, gap: boolean }} Part
 * @typedef {{ uri: string, duration: number, map: string, parts: Part[], programDateTime?: Date }} Segment
 * @typedef {{ url: string, text: string, targetDuration: number, partTarget: number,
 *   partHoldBack: number, canSkipUntil: number, mediaSequence: number, segments: Segment[],
 *   tail: Part[], hint: string, reports: string[], skipped: number }} MediaPlaylist
 */

/**
 * Length and address of the complete segments, without any check.
 * @param {string} text
 * @param {string} url
 */
export function listSegments(text, url) {
	return [...text.matchAll(/#EXTINF:([\d.]+),.*\n([^#\n]+)/g)].map(([, duration, uri]) => ({
		duration: Number(duration),
		uri: new URL(uri, url).href,
	}));
}

/**
 * Reads a media playlist; throws when a parser objects to it.
 * @param {string} text
 * @param {string} url
 * @returns {MediaPlaylist}
 */
export function readMedia(text, url) {
	const wrong = [...complaints(text, url), ...ownComplaints(text)];
	if (wrong.length > 0) throw new Error(`${url}\n${wrong.join("\n")}\n${text}`);
	/** @type {any} */
	const playlist = hls.parse(text);
	const absolute = (/** @type {string} */ uri) => new URL(uri, url).href;
	const part = (/** @type {any} */ p) => ({
		uri: absolute(p.uri),
		duration: p.duration,
		independent: Boolean(p.independent),
		gap: Boolean(p.gap),
	});
	const real = (/** @type {any[]} */ parts) => parts.filter((p) => !p.hint).map(part);
	const complete = playlist.segments.filter((/** @type {any} */ s) => s.uri);
	const open = playlist.segments.filter((/** @type {any} */ s) => !s.uri);
	return {
		url,
		text,
		targetDuration: playlist.targetDuration,
		partTarget: playlist.partTargetDuration,
		partHoldBack: playlist.lowLatencyCompatibility.partHoldBack,
		canSkipUntil: playlist.lowLatencyCompatibility.canSkipUntil,
		mediaSequence: playlist.mediaSequenceBase,
		segments: complete.map((/** @type {any} */ s) => ({
			uri: absolute(s.uri),
			duration: s.duration,
			map: s.map && absolute(s.map.uri),
			parts: real(s.parts),
			programDateTime: s.programDateTime,
		})),
		tail: open.flatMap((/** @type {any} */ s) => real(s.parts)),
		hint: playlist.segments
			.flatMap((/** @type {any} */ s) => s.parts)
			.filter((/** @type {any} */ p) => p.hint)
			.map((/** @type {any} */ p) => absolute(p.uri))[0],
		reports: playlist.renditionReports.map((/** @type {any} */ r) => absolute(r.uri)),
		skipped: playlist.skip ?? 0,
	};
}

/**
 * Rules of the draft that neither parser looks at.
 * @param {string} text
 * @returns {string[]}
 */
function ownComplaints(text) {
	/** @type {string[]} */
	const found = [];
	const number = (/** @type {RegExp} */ pattern) => Number(text.match(pattern)?.[1] ?? Number.NaN);
	const partTarget = number(/PART-TARGET=([\d.]+)/);
	const target = number(/TARGETDURATION:(\d+)/);
	if (!(number(/PART-HOLD-BACK=([\d.]+)/) >= 3 * partTarget - 1e-6)) {
		found.push("PART-HOLD-BACK is less than three part targets (§4.4.3.8)");
	}
	if (!(number(/CAN-SKIP-UNTIL=([\d.]+)/) >= 6 * target)) {
		found.push("CAN-SKIP-UNTIL is less than six target durations (§4.4.3.8)");
	}
	/** @type {number[]} */
	let parts = [];
	for (const line of text.split("\n")) {
		if (line.startsWith("#EXT-X-PART:")) {
			parts.push(Number(line.match(/DURATION=([\d.]+)/)?.[1]));
		} else if (line.startsWith("#EXTINF:")) {
			found.push(...segmentComplaints(parts, Number(line.slice(8).split(",")[0]), partTarget));
			parts = [];
		}
	}
	found.push(...shortParts(parts.slice(0, -1), partTarget));
	return found;
}

/**
 * @param {number[]} parts
 * @param {number} duration
 * @param {number} partTarget
 */
function segmentComplaints(parts, duration, partTarget) {
	if (parts.length === 0) return [];
	const found = shortParts(parts.slice(0, -1), partTarget);
	const sum = parts.reduce((a, b) => a + b, 0);
	if (Math.abs(sum - duration) > 0.002 * parts.length) {
		found.push(`parts of ${sum} s in a segment of ${duration} s`);
	}
	return found;
}

/** @param {number[]} parts @param {number} partTarget */
const shortParts = (parts, partTarget) =>
	parts
		.filter((duration) => duration < 0.85 * partTarget - 1e-6)
		.map((duration) => `a part of ${duration} s is under 85 % of ${partTarget} s (§4.4.4.9)`);

/**
 * Reads a multivariant playlist; throws when a parser objects to it.
 * @param {string} text
 * @param {string} url
 */
export function readMultivariant(text, url) {
	const wrong = complaints(text, url);
	if (wrong.length > 0) throw new Error(`${url}\n${wrong.join("\n")}\n${text}`);
	/** @type {any} */
	const playlist = hls.parse(text);
	const absolute = (/** @type {string} */ uri) => new URL(uri, url).href;
	// Those of keyframes alone hold bytes that the others have as well.
	const whole = playlist.variants.filter((/** @type {any} */ v) => !v.isIFrameOnly);
	const variants = whole.map((/** @type {any} */ v) => ({
		uri: absolute(v.uri),
		codecs: v.codecs,
		bandwidth: v.bandwidth,
		height: v.resolution?.height,
		audio: v.audio.map((/** @type {any} */ a) => a.uri && absolute(a.uri)),
	}));
	const uris = new Set(variants.map((/** @type {any} */ v) => v.uri));
	for (const v of variants) for (const uri of v.audio) if (uri) uris.add(uri);
	return { variants, playlists: /** @type {string[]} */ ([...uris]) };
}

/** The rendition that a media playlist's address names. @param {string} url */
export const renditionOf = (url) => new URL(url).pathname.split("/").at(-2) ?? "";

/** @param {string} url */
export async function text(url) {
	const response = await fetch(url);
	if (!response.ok) throw new Error(`${response.status} ${url}`);
	return response.text();
}

/** @param {string} url */
export async function bytes(url) {
	const response = await fetch(url);
	if (!response.ok) throw new Error(`${response.status} ${url}`);
	return Buffer.from(await response.arrayBuffer());
}
