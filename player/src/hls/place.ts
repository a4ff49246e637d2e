// Where playback is: in the buffer, on the broadcast's timeline, and behind live.
import Hls, { type Fragment } from "hls.js";
import type { ServerClock } from "../clock.ts";
import type { Engine } from "../engine/engine.ts";

/** Seconds of a hole in the buffer that playback gets over by itself. */
const smallHole = 0.3;

/** Seconds before the end of what is buffered at which playback may stand. */
const atEnd = 0.05;

export class Place {
	/** Seconds from the playhead's timeline to the broadcast's; null while unknown. */
	offset: number | null = null;
	/** What says of the date at the playhead what heads do not. */
	#hls: Pick<Hls, "playingDate"> | null = null;
	#position = -1;
	readonly #video: HTMLVideoElement;
	readonly #engine: Engine;
	readonly #clock: ServerClock;

	constructor(video: HTMLVideoElement, engine: Engine, clock: ServerClock) {
		this.#video = video;
		this.#engine = engine;
		this.#clock = clock;
	}

	/**
	 * Learns from a new hls.js where it puts the broadcast; `isForeign` is whether the media's
	 * own times say nothing of that.
	 */
	learn(hls: Hls, isForeign: () => boolean): void {
		this.offset = null;
		this.#hls = hls;
		hls.on(Hls.Events.INIT_PTS_FOUND, (_, { id, initPTS, timescale }) => {
			if (id === "main" && !isForeign()) this.offset = initPTS / timescale;
		});
		for (const event of [Hls.Events.LEVEL_UPDATED, Hls.Events.FRAG_BUFFERED] as const)
			hls.on(event, () => isForeign() && this.align(hls.latestLevelDetails?.fragments));
	}

	/**
	 * Where on the broadcast's timeline the playhead is, as far as that was known last, in whole
	 * milliseconds; -1 before it began.
	 */
	get position(): number {
		const { currentTime } = this.#video;
		if (this.offset !== null)
			this.#position = Math.max(0, Math.round((currentTime + this.offset) * 1000));
		return this.#position;
	}

	/** The wall clock of the moment at `time`, in milliseconds since 1970. */
	#dateAt(time: number): number | null {
		const date = this.offset === null ? null : this.#engine.guide.dateAt(time + this.offset);
		// Without heads, hls.js knows it from the server's playlists.
		const playing = date === null ? (this.#hls?.playingDate ?? null) : null;
		return playing ? playing.getTime() + (time - this.#video.currentTime) * 1000 : date;
	}

	/** Seconds behind live at `time`; null while unknown. */
	behind(time: number): number | null {
		const date = this.#dateAt(time);
		return date === null ? null : (this.#clock.now() - date) / 1000;
	}

	/** Seconds behind live of the last moment that is known of a rendition; 0 while unknown. */
	edge(name: string): number {
		const newest = this.#engine.timeline(name)?.newest;
		if (!newest) return 0;
		return (this.#clock.now() - newest.programTime - newest.duration / 1e3) / 1000;
	}

	/**
	 * The times in an attached stream's media are anybody's: what its playlist says of
	 * the fragment that is played tells where on the broadcast's timeline that is.
	 */
	align(fragments: readonly Fragment[] = []): void {
		const { currentTime } = this.#video;
		const played = fragments.findLast(({ start }) => start <= currentTime) ?? fragments[0];
		const date = played?.programDateTime;
		const position = date == null ? null : this.#engine.guide.positionAt(date);
		if (played && position !== null) this.offset = position - played.start;
	}

	/** Where what is buffered around the playhead ends. */
	get bufferedEnd(): number {
		const { buffered, currentTime } = this.#video;
		for (let i = 0; i < buffered.length; i++) {
			if (buffered.start(i) <= currentTime + smallHole && buffered.end(i) > currentTime)
				return buffered.end(i);
		}
		return currentTime;
	}

	/** Seconds ahead of the playhead. */
	get buffer(): number {
		return this.bufferedEnd - this.#video.currentTime;
	}

	/**
	 * Where there is more to play behind a hole that the playhead stands in or before, at
	 * least so many seconds of it.
	 */
	beyondHole(least: number): number | null {
		const { buffered, currentTime } = this.#video;
		for (let i = 0; i < buffered.length; i++) {
			const [start, end] = [buffered.start(i), buffered.end(i)];
			if (start <= currentTime && end > currentTime + atEnd) return null;
			if (start > currentTime && end - start >= least) return start;
		}
		return null;
	}
}
