// How playback is, in a word.
import type { State } from "../stats.ts";
import type { PlaybackOptions } from "./config.ts";
import type { Place } from "./place.ts";

/** Seconds from the end of an ended broadcast within which it has been played. */
const endWithin = 0.3;
/** Milliseconds without heads after which standing has a reason elsewhere. */
const quietFor = 3000;

type Parts = Pick<PlaybackOptions, "engine" | "video">;

/** The playhead is at the end of what there is of a rendition. */
export function isPlayedOut({ engine, video }: Parts, name: string, place: Place): boolean {
	if (video.ended) return true;
	const newest = engine.timeline(name)?.newest;
	const end = newest ? (newest.start + newest.duration) / 1e6 : 0;
	return video.currentTime + (place.offset ?? 0) > end - endWithin;
}

export function stateOf(
	{ engine, video }: Parts,
	{ offset }: Place,
	hasStarted: boolean,
	isStalled: boolean,
): State {
	const isStuck = isStalled || !hasStarted;
	const isAway = offset !== null && engine.guide.isAwayAt(video.currentTime + offset);
	if (isAway || (isStuck && engine.quiet > quietFor)) return "interrupted";
	if (!hasStarted) return "starting";
	if (video.paused) return "paused";
	return isStalled ? "stalled" : "playing";
}
