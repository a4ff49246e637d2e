// What can be gone back to: what this player has seen. Times are the video's, in seconds.
import type { Engine } from "../engine/engine.ts";
import type { Place } from "./place.ts";

export interface Range {
	start: number;
	end: number;
}

/** What can be sought in a rendition; null while that is unknown, or up to the browser. */
export function rangeOf(engine: Engine, { offset }: Place, name: string): Range | null {
	const { oldest, newest } = engine.timeline(name) ?? {};
	if (offset === null || !oldest || !newest || engine.guide.isForeign(name)) return null;
	const end = (newest.start + newest.duration) / 1e6;
	return { start: oldest.start / 1e6 - offset, end: end - offset };
}
