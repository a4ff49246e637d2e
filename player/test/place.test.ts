import { describe, expect, it } from "vitest";
import { ServerClock } from "../src/clock.ts";
import type { Engine } from "../src/engine/engine.ts";
import { Place } from "../src/hls/place.ts";

/** A playhead among what is buffered. */
function at(currentTime: number, ...ranges: [number, number][]): Place {
	const buffered = {
		length: ranges.length,
		start: (i: number) => ranges[i]![0],
		end: (i: number) => ranges[i]![1],
	};
	const video = { currentTime, buffered } as HTMLVideoElement;
	return new Place(video, {} as Engine, new ServerClock());
}

describe("a hole in the buffer", () => {
	it.each([
		["within a range", at(5, [1, 9], [12, 14]), null],
		["at the end of one", at(9, [1, 9], [12, 14]), 12],
		["a hair before the end", at(8.99, [1, 9], [12, 14]), 12],
		["in a small hole", at(9.1, [1, 9], [9.2, 14]), 9.2],
		["before too little", at(9, [1, 9], [12, 12.1]), null],
		["with nothing behind it", at(9, [1, 9]), null],
	])("is left %s", (_, place, start) => {
		expect(place.beyondHole(0.3)).toBe(start);
	});
});
