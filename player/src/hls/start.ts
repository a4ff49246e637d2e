// When playback can begin, where, and how the browser allows it.
import type { Place } from "./place.ts";

/** Playback begins after this many milliseconds even if live is not reached yet. */
export const startWithin = 2500;
/** Seconds of picture and sound that have to be there before playback begins. */
const cushion = 0.6;

/**
 * The seconds to move ahead by, to begin at `target` seconds behind live; null while it is
 * too early. `isLate`: it begins with what there is.
 */
export function aheadAtStart(
	video: HTMLVideoElement,
	place: Place,
	target: number,
	isLate: boolean,
): number | null {
	// Where both picture and sound are there.
	const end = video.buffered.end(video.buffered.length - 1);
	const start = video.buffered.start(video.buffered.length - 1);
	if ((place.behind(end) ?? target) > target - 0.4 && !isLate) return null;
	const last = end - cushion;
	if (last < Math.max(start, video.currentTime) && !isLate) return null;
	const behind = place.behind(video.currentTime) ?? target;
	const ahead = Math.min(behind - target, last - video.currentTime);
	// Too close to live: it is waited for here, not by playing slowly.
	return ahead < -0.1 && !isLate ? null : Math.max(0, ahead);
}

/** Plays, without sound where the browser wants it so: true when it plays. */
export async function playAsAllowed(
	video: HTMLVideoElement,
	onBlocked: () => void,
): Promise<boolean> {
	const refusal = await video.play().then(
		() => null,
		(error: Error) => error.name,
	);
	if (refusal !== "NotAllowedError") return refusal === null;
	if (video.muted) {
		onBlocked();
		return false;
	}
	video.muted = true;
	return playAsAllowed(video, onBlocked);
}
