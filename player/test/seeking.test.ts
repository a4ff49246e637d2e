import { expect, test } from "vitest";
import { endsOf, placeFor } from "../src/seeking.ts";

/** What a browser says can be sought. */
const video = (...range: [] | [number, number]) => ({
	seekable: {
		length: range.length / 2,
		start: () => range[0] ?? Number.NaN,
		end: () => range[1] ?? Number.NaN,
	},
});

test.each([
	["before the browser knows", video(), 5, null],
	["on a live stream without an end", video(0, Number.POSITIVE_INFINITY), 5, null],
	["within", video(10, 40), 25, 25],
	["before what is left", video(10, 40), 3, 10],
	["near the end", video(10, 40), 39.6, "live"],
	["beyond it", video(10, 40), 90, "live"],
])("a wish to be somewhere %s", (_, element, time, place) => {
	expect(placeFor(time, endsOf(element))).toBe(place);
});
