// What a timeline tells of slices of whole segments.
import { describe, expect, it } from "vitest";
import { Timeline } from "../src/engine/timeline.ts";
import type { Head } from "../src/wire/heads.ts";
import { manifest } from "./broadcast.ts";

const slice = 500_000;
const inSegment = 4;

function head(number: number): Head {
	const index = number % inSegment;
	return {
		...{ rendition: 0, number, msn: Math.floor(number / inSegment), index },
		...{ start: number * slice, duration: slice, programTime: number * 500, discontinuity: 0 },
		...{ independent: index === 0, gap: false, segmentEnd: index === inSegment - 1 },
		...{ init: 0, length: 1, chunks: [new Uint8Array(16)], lines: "" },
	} as Head;
}

function timeline(parts: number) {
	const line = new Timeline(manifest({ partTarget: 0 }));
	for (let n = 0; n < parts; n++) line.add(head(n));
	line.begin();
	for (let n = 0; n < parts; n++) line.ready(n);
	return line;
}

describe("a timeline of whole segments", () => {
	it("has news only when a segment is whole", async () => {
		const line = timeline(9);
		expect(line.edge).toBe(8);
		expect(line.shown).toBe(7);
		expect(await line.beyond(6, 0)).toBe(true);
		for (let n = 9; n < 12; n++) {
			expect(await line.beyond(7, 0)).toBe(false);
			line.add(head(n));
			line.ready(n);
		}
		expect(line.shown).toBe(11);
		expect(await line.beyond(7, 0)).toBe(true);
	});
	it("knows how long segments are, by those that it has from end to end", () => {
		expect(timeline(3).longestSegment).toBe(0);
		expect(timeline(9).longestSegment).toBe(inSegment * slice);
	});
	it("keeps enough of long segments to be three behind", () => {
		const long = new Timeline(manifest({ partTarget: 0, targetDuration: 10_000_000 }));
		for (let n = 0; n < 100; n++) long.add(head(n));
		expect(long.oldest?.number).toBe(0);
	});
});
