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

describe("heads that come out of their order", () => {
	const numbers = (line: Timeline) => line.heads().map((h) => h.number);

	it("wait for those that lead to them", () => {
		const line = timeline(3);
		for (const number of [6, 5, 5, 3, 7]) line.add(head(number));
		expect(numbers(line)).toEqual([0, 1, 2, 3]);
		line.ready(5);
		line.add(head(4));
		expect(numbers(line)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
		for (const number of [3, 4]) line.ready(number);
		expect(line.edge).toBe(5);
	});
	it("do not wait for one that does not come", () => {
		const line = timeline(3);
		for (let number = 4; number < 12; number++) line.add(head(number));
		expect(numbers(line)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
	});
	it("begin anew after a long time away", () => {
		const line = timeline(3);
		line.add(head(5));
		line.add(head(20));
		expect(numbers(line)).toEqual([20]);
	});
	it("go on after a publisher was away, when none is missing", () => {
		const line = timeline(3);
		line.add({ ...head(3), start: 60 * slice });
		expect(numbers(line)).toEqual([0, 1, 2, 3]);
	});
});
