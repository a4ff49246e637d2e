// What can be gone back to: what this player has seen, and before that what its server
// keeps. Times are the video's, in seconds.
import type { Engine } from "../engine/engine.ts";
import type { Place } from "./place.ts";

/** Seconds of what a server keeps that may be gone before they are played. */
const margin = 4;

export interface Range {
	start: number;
	end: number;
}

export class Dvr {
	/** The position on the broadcast's timeline that playback is to begin anew at, if any. */
	wanted: number | null = null;
	readonly #video: HTMLVideoElement;
	readonly #engine: Engine;
	readonly #place: Place;

	constructor(video: HTMLVideoElement, engine: Engine, place: Place) {
		this.#video = video;
		this.#engine = engine;
		this.#place = place;
	}

	/** What can be sought in a rendition; null while that is unknown, or up to the browser. */
	range(name: string): Range | null {
		const { offset } = this.#place;
		const timeline = this.#engine.timeline(name);
		const { oldest, newest } = timeline ?? {};
		if (offset === null || !oldest || !newest || this.#engine.guide.isForeign(name)) return null;
		const end = (newest.start + newest.duration) / 1e6;
		const { window } = this.#engine;
		const kept = window > 0 ? Math.max(0, end - window + margin) : end;
		return { start: Math.min(oldest.start / 1e6, kept) - offset, end: end - offset };
	}

	/** Whether playback can go to a moment as it is. */
	has(name: string, time: number): boolean {
		if (this.#engine.window === 0) return true;
		const { buffered } = this.#video;
		for (let i = 0; i < buffered.length; i++)
			if (buffered.start(i) <= time && time < buffered.end(i)) return true;
		const { oldest } = this.#engine.timeline(name) ?? {};
		const { offset } = this.#place;
		return offset === null || !oldest || time + offset >= oldest.start / 1e6;
	}

	/** Where to begin in a rendition for what is wanted: seconds from its first part. */
	lead(name: string): number {
		const { oldest } = this.#engine.timeline(name) ?? {};
		return Math.max(0.1, (this.wanted ?? 0) - (oldest?.start ?? 0) / 1e6);
	}
}
