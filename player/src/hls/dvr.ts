// What can be gone back to: what this player has seen. Times are the video's, in seconds.
import type { Engine } from "../engine/engine.ts";
import type { Place } from "./place.ts";

export interface Range {
	start: number;
	end: number;
}

/**
 * What can be sought in a rendition, up to where live is played, `ahead` of the playhead;
 * null while that is unknown, or up to the browser.
 */
export function rangeOf(
	engine: Engine,
	{ offset }: Place,
	name: string,
	ahead: { from: number; by: number },
): Range | null {
	const oldest = engine.timeline(name)?.oldest;
	if (offset === null || !oldest || engine.guide.isForeign(name)) return null;
	return { start: oldest.start / 1e6 - offset, end: ahead.from + Math.max(0, ahead.by) };
}
