// Playlists built from heads (draft-pantos-hls-rfc8216bis): the server is not
// polled for what signed heads say already.
import type { Head } from "./wire/heads.ts";
import { kind, type Manifest, type Rendition } from "./wire/manifest.ts";

/** Group of the audio renditions in the multivariant playlist. */
const group = "audio";

/** The parts of one segment that are known, in order. */
export interface Segment {
	msn: number;
	parts: Head[];
}

/** Parts of the gap that a playlist may begin with. */
const leadParts = 4;

/**
 * Media sequence numbers are one higher than the server's, so that a gap can stand
 * before segment 0, too.
 */
export const msnShift = 1;

/**
 * An attached stream that has whole segments only: its parts are slices of segments,
 * for the swarm, which no playlist lists.
 */
export const isWhole = (manifest: Manifest) => manifest.partTarget === 0;

/** Microseconds of that gap. */
export function leadOf(manifest: Manifest): number {
	return leadParts * Math.min(manifest.partTarget, 250_000);
}

/** Parts are listed for this many segments, the open one included (§4.4.4.9). */
const segmentsWithParts = 3;

/** What a media playlist is built from. */
export interface MediaPlaylist {
	manifest: Manifest;
	/** A container without init segments has no EXT-X-MAP. */
	hasInits: boolean;
	/**
	 * The date of the broadcast's beginning, in milliseconds since 1970. Dates are
	 * counted from it and not taken from the heads, whose clock is slewed: hls.js moves
	 * its timeline to what the dates say, and by a few milliseconds of that it loses
	 * its place at a segment's end and loads nothing more.
	 */
	zero: number;
	/** Oldest first; the last one may be unfinished. */
	segments: readonly Segment[];
	/**
	 * Begin with a segment that is a gap: a player that joins in the middle of a
	 * segment has no complete one yet, and hls.js takes no playlist without one.
	 */
	withLead: boolean;
	/** Parts that are announced but can't be had. */
	isLost: (number: number) => boolean;
	/** No more parts will come. */
	ended: boolean;
}

/** Microseconds of a gap that nobody notices. */
const sliver = 50_000;

/**
 * Groups heads, sorted by number, into their segments. Where a publisher changed
 * something, a gap of less than a frame or two may be left: it is given to the part
 * before it, since hls.js loads nothing more of a segment with a gap.
 */
export function segments(heads: Iterable<Head>): Segment[] {
	const list: Segment[] = [];
	for (const head of heads) {
		const last = list.at(-1);
		if (last?.msn !== head.msn) list.push({ msn: head.msn, parts: [head] });
		else if (head.gap && head.duration < sliver) {
			const before = last.parts.pop()!;
			const duration = before.duration + head.duration;
			last.parts.push({ ...before, duration, segmentEnd: head.segmentEnd });
		} else last.parts.push(head);
	}
	return list;
}

/** Writes the media playlist of one rendition. */
export function mediaPlaylist(playlist: MediaPlaylist): string {
	const { manifest, segments, ended } = playlist;
	const whole = isWhole(manifest);
	const list = whole ? segments.filter((s) => s.parts.at(-1)?.segmentEnd) : segments;
	const first = list[0];
	const lines = [
		"#EXTM3U",
		"#EXT-X-VERSION:9",
		`#EXT-X-TARGETDURATION:${Math.round(manifest.targetDuration / 1e6)}`,
		...(whole ? ["#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES"] : lowLatency(manifest)),
		`#EXT-X-MEDIA-SEQUENCE:${(first?.msn ?? 0) + (playlist.withLead ? 0 : msnShift)}`,
		`#EXT-X-DISCONTINUITY-SEQUENCE:${first?.parts[0]?.discontinuity ?? 0}`,
	];
	const partsFrom = whole ? list.length : list.length - segmentsWithParts;
	if (playlist.withLead && first?.parts[0])
		writeLead(lines, playlist, first.parts[0], partsFrom < 0);
	let before: Head | null = null;
	for (const [i, segment] of list.entries()) {
		writeSegment(lines, playlist, segment, before, i >= partsFrom, i === list.length - 1);
		before = segment.parts.at(-1) ?? before;
	}
	if (ended) lines.push("#EXT-X-ENDLIST");
	else if (before && !whole) lines.push(hint(before.number + 1));
	return `${lines.join("\n")}\n`;
}

function lowLatency(manifest: Manifest): string[] {
	return [
		`#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${seconds(manifest.partHoldBack)}`,
		`#EXT-X-PART-INF:PART-TARGET=${seconds(manifest.partTarget)}`,
	];
}

/**
 * The gap has parts, too: hls.js loads parts only of segments that others with parts
 * go before.
 */
function writeLead(
	lines: string[],
	{ manifest, zero }: MediaPlaylist,
	first: Head,
	withParts: boolean,
): void {
	const duration = leadOf(manifest);
	lines.push(date(zero, first.start - duration));
	for (let i = withParts ? leadParts : 0; i > 0; i--) {
		const uri = `p${Math.max(0, first.number - i)}.m4s`;
		lines.push(`#EXT-X-PART:DURATION=${seconds(duration / leadParts)},URI="${uri}",GAP=YES`);
	}
	lines.push("#EXT-X-GAP", `#EXTINF:${seconds(duration)},`, `s${Math.max(0, first.msn - 1)}.m4s`);
}

function writeSegment(
	lines: string[],
	{ zero, isLost, ended, hasInits }: MediaPlaylist,
	segment: Segment,
	before: Head | null,
	withParts: boolean,
	isLast: boolean,
): void {
	const first = segment.parts[0];
	const last = segment.parts.at(-1);
	if (!first || !last) return;
	const gone = (part: Head) => part.gap || isLost(part.number);
	if (before) {
		for (let d = before.discontinuity; d < first.discontinuity; d++)
			lines.push("#EXT-X-DISCONTINUITY");
	}
	if (hasInits && before?.init !== first.init) lines.push(`#EXT-X-MAP:URI="init${first.init}.mp4"`);
	lines.push(date(zero, first.start));
	let said = "";
	for (const part of segment.parts) {
		if (part.lines && part.lines !== said) lines.push(part.lines);
		said = part.lines;
		if (withParts) lines.push(partLine(part, gone(part)));
	}
	if (!last.segmentEnd && isLast && !ended) return;
	if (segment.parts.some(gone)) lines.push("#EXT-X-GAP");
	const duration = segment.parts.reduce((sum, part) => sum + part.duration, 0);
	lines.push(`#EXTINF:${seconds(duration)},`, `s${segment.msn}.m4s`);
}

/** Whole milliseconds, rounded down: early does no harm. */
const date = (zero: number, start: number) =>
	`#EXT-X-PROGRAM-DATE-TIME:${new Date(Math.floor(zero + start / 1e3)).toISOString()}`;

function partLine(part: Head, gone: boolean): string {
	const attributes = [`DURATION=${seconds(part.duration)}`, `URI="p${part.number}.m4s"`];
	// A segment may begin without a keyframe when they are rare. Who has the part before
	// it can go on with it all the same, and hls.js only does where a part says so.
	if (part.independent || part.index === 0) attributes.push("INDEPENDENT=YES");
	if (gone) attributes.push("GAP=YES");
	return `#EXT-X-PART:${attributes.join()}`;
}

const hint = (number: number) => `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p${number}.m4s"`;

/** Microseconds as decimal seconds. */
function seconds(microseconds: number): string {
	return String(Number((microseconds / 1e6).toFixed(6)));
}

/**
 * Writes the multivariant playlist: one variant for each video rendition, or for each of
 * sound.
 */
export function multivariantPlaylist(manifest: Manifest, isSoundOnly = false): string {
	const videos = manifest.renditions.filter((r) => !isSoundOnly && r.kind === kind.video);
	const audios = manifest.renditions.filter((r) => r.kind === kind.audio);
	// Sound that was chosen stands for itself: it is nobody's companion.
	const groups = isSoundOnly ? [] : audios;
	const lines = ["#EXTM3U", "#EXT-X-VERSION:9"];
	for (const [i, audio] of groups.entries()) {
		const first = i === 0 ? "YES" : "NO";
		lines.push(
			`#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="${group}",NAME="${audio.name}",DEFAULT=${first},AUTOSELECT=YES,CHANNELS="${audio.channels}",URI="${audio.name}/index.m3u8"`,
		);
	}
	for (const rendition of videos.length > 0 ? videos : audios)
		lines.push(variant(rendition, groups), `${rendition.name}/index.m3u8`);
	return `${lines.join("\n")}\n`;
}

function variant(rendition: Rendition, audios: readonly Rendition[]): string {
	const isVideo = rendition.kind === kind.video;
	const all = isVideo && audios[0] ? [rendition, audios[0]] : [rendition];
	const sum = (of: (r: Rendition) => number) => all.reduce((total, r) => total + of(r), 0);
	const attributes = [
		`BANDWIDTH=${sum((r) => r.bandwidth)}`,
		`AVERAGE-BANDWIDTH=${sum((r) => r.averageBandwidth)}`,
	];
	// Nobody knows the codecs of some attached streams before they are played.
	if (rendition.codecs) attributes.push(`CODECS="${all.map((r) => r.codecs).join()}"`);
	if (rendition.width > 0) attributes.push(`RESOLUTION=${rendition.width}x${rendition.height}`);
	if (rendition.millifps > 0)
		attributes.push(`FRAME-RATE=${(rendition.millifps / 1000).toFixed(3)}`);
	if (audios.length > 0) attributes.push(`AUDIO="${group}"`);
	return `#EXT-X-STREAM-INF:${attributes.join()}`;
}
