// Where in what there is the viewer goes, by the browser's own figures.
import type { Range } from "./hls/dvr.ts";

/** Seconds before the end that are meant as live. */
const nearEnd = 0.5;

/** What can be sought; from 0 to 0 where that is unknown. */
export function endsOf({ seekable }: Pick<HTMLVideoElement, "seekable">): Range {
	const { length } = seekable;
	const end = length > 0 ? seekable.end(length - 1) : 0;
	// A browser that plays HLS itself may say that live has no end.
	return Number.isFinite(end) && end > 0 ? { start: seekable.start(0), end } : { start: 0, end: 0 };
}

/** Where a wish to be at `time` leads; "live", or null where nothing can be sought. */
export function placeFor(time: number, { start, end }: Range): number | "live" | null {
	if (start === end) return null;
	return time >= end - nearEnd ? "live" : Math.max(start, time);
}
