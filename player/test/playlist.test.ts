import HLS from "hls-parser";
import { Parser } from "m3u8-parser";
import { describe, expect, it } from "vitest";
import { mediaPlaylist, multivariantPlaylist, segments } from "../src/playlist.ts";
import type { Head } from "../src/wire/heads.ts";
import { kind } from "../src/wire/manifest.ts";
import { head, heads, manifest } from "./broadcast.ts";

HLS.setOptions({ strictMode: true });

/** Builds a playlist, and lets two strict readers find nothing wrong with it. */
function build(
	list: Head[],
	options: { withLead?: boolean; lost?: number[]; ended?: boolean } = {},
) {
	const { withLead = false, lost = [], ended = false } = options;
	const text = mediaPlaylist({
		hasInits: true,
		manifest: manifest(),
		zero: Date.UTC(2023, 10, 14, 22, 13, 20),
		segments: segments(list),
		withLead,
		isLost: (number) => lost.includes(number),
		ended,
	});
	const parsed = HLS.parse(text);
	const parser = new Parser();
	const warnings: string[] = [];
	parser.on("warn", ({ message }: { message: string }) => warnings.push(message));
	parser.push(text);
	parser.end();
	expect(warnings).toEqual([]);
	return { text, lines: text.split("\n"), parsed, manifest: parser.manifest };
}

describe("media playlists", () => {
	it("lists complete segments, and parts of the last three", () => {
		const { lines, manifest: read } = build(heads(0, 16, 42));
		expect(lines).toContain("#EXT-X-MEDIA-SEQUENCE:3");
		expect(read.segments.map((s: { uri?: string }) => s.uri).filter(Boolean)).toEqual([
			"s2.m4s",
			"s3.m4s",
			"s4.m4s",
		]);
		const parts = lines.filter((line) => line.startsWith("#EXT-X-PART:"));
		expect(parts[0]).toBe('#EXT-X-PART:DURATION=0.25,URI="p24.m4s",INDEPENDENT=YES');
		expect(parts.at(-1)).toBe('#EXT-X-PART:DURATION=0.25,URI="p42.m4s"');
		expect(lines).toContain('#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p43.m4s"');
	});
	it("dates each segment by its place on the timeline, not by a clock that is slewed", () => {
		const list = heads(0, 8, 17).map((h) => ({ ...h, programTime: h.programTime + h.number }));
		const { lines } = build(list);
		expect(lines).toContain("#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.000Z");
		expect(lines).toContain("#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.000Z");
	});
	it("marks what is a gap, and what was lost", () => {
		const list = heads(0, 8, 25);
		list[3] = head(0, 11, { gap: true, length: 0, chunks: [] });
		const { lines } = build(list, { lost: [20] });
		expect(lines).toContain('#EXT-X-PART:DURATION=0.25,URI="p11.m4s",GAP=YES');
		expect(lines).toContain('#EXT-X-PART:DURATION=0.25,URI="p20.m4s",INDEPENDENT=YES,GAP=YES');
		expect(lines.filter((line) => line === "#EXT-X-GAP").length).toBe(2);
	});
	it("gives the sliver of a gap before a change to the part before it", () => {
		const list = [
			...heads(0, 8, 14),
			head(0, 15, { duration: 240_000, segmentEnd: false }),
			head(0, 16, { msn: 1, gap: true, length: 0, duration: 7667, segmentEnd: true }),
			head(0, 17, { msn: 2, index: 0, discontinuity: 1, init: 1 }),
		];
		const { lines } = build(list);
		expect(lines).toContain('#EXT-X-PART:DURATION=0.247667,URI="p15.m4s"');
		expect(lines).toContain("#EXTINF:1.997667,");
		expect(lines).toContain("#EXT-X-DISCONTINUITY");
		expect(lines.join()).not.toContain("GAP");
	});
	it("marks a discontinuity, and a new init segment", () => {
		const list = [
			...heads(0, 8, 15),
			...heads(0, 16, 25).map((h) => ({ ...h, discontinuity: 1, init: 1 })),
		];
		const { lines } = build(list);
		expect(lines.filter((line) => line === "#EXT-X-DISCONTINUITY").length).toBe(1);
		expect(lines).toContain("#EXT-X-DISCONTINUITY-SEQUENCE:0");
		expect(lines.indexOf('#EXT-X-MAP:URI="init1.mp4"')).toBeGreaterThan(lines.indexOf("s1.m4s"));
	});
	it("begins with a gap when it begins in the middle of a segment", () => {
		const { lines, manifest: read } = build(heads(0, 20, 22), { withLead: true });
		expect(lines).toContain("#EXT-X-MEDIA-SEQUENCE:2");
		expect(lines).toContain("s1.m4s");
		expect(lines).toContain('#EXT-X-PART:DURATION=0.25,URI="p19.m4s",GAP=YES');
		expect(read.segments[0].duration).toBe(1);
	});
	it("ends", () => {
		const { lines } = build(heads(0, 8, 17), { ended: true });
		expect(lines).toContain("#EXT-X-ENDLIST");
		expect(lines).toContain("s2.m4s");
		expect(lines.some((line) => line.startsWith("#EXT-X-PRELOAD-HINT"))).toBe(false);
	});
	it("carries an attached stream's own lines", () => {
		const list = heads(0, 8, 9);
		list[1] = head(0, 9, { lines: "#EXT-X-CUE-OUT:30" });
		const text = mediaPlaylist({
			hasInits: true,
			manifest: manifest(),
			zero: 0,
			segments: segments(list),
			withLead: false,
			isLost: () => false,
			ended: false,
		});
		expect(text).toContain('#EXT-X-CUE-OUT:30\n#EXT-X-PART:DURATION=0.25,URI="p9.m4s"');
	});
});

describe("multivariant playlists", () => {
	it("has a variant for each video rendition, and the sound apart", () => {
		const text = multivariantPlaylist(manifest());
		const parsed = HLS.parse(text);
		if (!parsed.isMasterPlaylist) throw new Error("not a multivariant playlist");
		expect(parsed.variants.map((v) => v.uri)).toEqual(["source/index.m3u8"]);
		expect(parsed.variants[0]).toMatchObject({
			bandwidth: 972_000,
			averageBandwidth: 564_000,
			codecs: "avc1.64001e,mp4a.40.2",
			resolution: { width: 640, height: 360 },
			frameRate: 30,
		});
		expect(parsed.variants[0]?.audio[0]?.uri).toBe("audio/index.m3u8");
	});
	it("has the sound alone when there is no picture", () => {
		const { renditions } = manifest();
		const text = multivariantPlaylist(
			manifest({ renditions: renditions.filter((r) => r.kind === kind.audio) }),
		);
		expect(text).toContain("\naudio/index.m3u8\n");
		expect(() => HLS.parse(text)).not.toThrow();
	});
});
