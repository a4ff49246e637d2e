// How far behind live playback is, whether the viewer wants it so, and the way back to live.
import type { Engine } from "../engine/engine.ts";
import type { RateControl } from "../playback/rate.ts";
import { type Range, rangeOf } from "./dvr.ts";
import type { Place } from "./place.ts";
import type { Seeks } from "./seeks.ts";
import type { Switcher } from "./switcher.ts";

/** Seconds beyond the target that are too many after sleep. */
const lateBeyond = 1;
/** Seconds beyond the target at which what is buffered still ends at live. */
const endWithin = 1;
/** Seconds before the end of what is buffered at which it goes on at least. */
const beforeEnd = 0.3;

interface Parts {
	video: HTMLVideoElement;
	engine: Engine;
	place: Place;
	rate: RateControl;
	seeks: Seeks;
	switcher: Switcher;
	/** There was something to see. */
	hasStarted: () => boolean;
}

export class Return {
	readonly #parts: Parts;

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	/** Seconds behind live; null before there is something to see. */
	get latency(): number | null {
		const { hasStarted, place, video } = this.#parts;
		return hasStarted() ? place.behind(video.currentTime) : null;
	}

	/** The viewer went back, and has not caught up. */
	get isBack(): boolean {
		const { rate, seeks } = this.#parts;
		const { latency } = this;
		return latency !== null && seeks.isBack(latency, rate.target);
	}

	/** The viewer went back, and where they are can still be played. */
	get staysBack(): boolean {
		const { currentTime } = this.#parts.video;
		return currentTime > (this.seekable?.start ?? currentTime) && this.isBack;
	}

	/** What can be sought, if it is more than the browser knows. */
	get seekable(): Range | null {
		const { engine, place, rate, switcher, video } = this.#parts;
		const by = (this.latency ?? 0) - rate.target;
		return rangeOf(engine, place, switcher.name, { from: video.currentTime, by });
	}

	/** Seconds behind live that are too many after sleep. */
	get #late(): number {
		return this.#parts.rate.target + lateBeyond;
	}

	/** What is played is too far behind. */
	get isLate(): boolean {
		return (this.latency ?? 0) > this.#late;
	}

	/** So is all that there is. */
	get isEdgeLate(): boolean {
		const { place, switcher } = this.#parts;
		return place.edge(switcher.name) > this.#late;
	}

	/** Goes on at live; false when what is buffered is far behind. */
	jump(): boolean {
		const { place, rate, seeks, video } = this.#parts;
		seeks.forget();
		const { length } = video.buffered;
		const end = length > 0 ? video.buffered.end(length - 1) : 0;
		const atEnd = place.behind(end);
		if (atEnd === null || atEnd >= rate.target + endWithin) return false;
		seeks.move(end - Math.max(beforeEnd, rate.target - atEnd));
		return true;
	}
}
