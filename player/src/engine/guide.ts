// What a player is told of the broadcast: playlists, and what happened when.
import { multivariantPlaylist } from "../playlist.ts";
import type { Manifest } from "../wire/manifest.ts";
import type { Tracks } from "./tracks.ts";

export class Guide {
	readonly #tracks: Tracks;
	readonly #manifest: () => Manifest;
	/** The playlists' date of the broadcast's beginning, in milliseconds since 1970. */
	#zero: number | null = null;

	constructor(tracks: Tracks, manifest: () => Manifest) {
		this.#tracks = tracks;
		this.#manifest = manifest;
	}

	/** The multivariant playlist. */
	multivariant(): string {
		return multivariantPlaylist(this.#manifest(), this.#tracks.isSound);
	}

	/** A rendition's playlist as it is now. */
	playlist(name: string): string {
		const index = this.#tracks.index(name);
		const timeline = this.#tracks.timeline(index);
		const [first] = timeline.heads();
		if (first) this.#zero ??= first.programTime - first.start / 1e3;
		const { inits } = this.#tracks.rendition(index);
		return timeline.playlist(this.#manifest(), inits.length > 0, this.#zero ?? 0);
	}

	/**
	 * Seconds from hls.js's dates to the broadcast's timeline: the position of a moment
	 * that its playlist gives this date (milliseconds since 1970).
	 */
	positionAt(date: number): number | null {
		return this.#zero === null ? null : (date - this.#zero) / 1e3;
	}

	/** Whether the media's own times say nothing about the broadcast's timeline. */
	isForeign(name: string): boolean {
		return (this.#tracks.rendition(this.#tracks.index(name))?.container ?? 0) > 0;
	}

	/**
	 * The wall clock at a position on the broadcast's timeline (seconds), in
	 * milliseconds since 1970; null when nothing is known of it.
	 */
	dateAt(seconds: number): number | null {
		return this.#tracks.dateAt(seconds);
	}

	/** Whether the publisher was away at a position on the broadcast's timeline (seconds). */
	isAwayAt(seconds: number): boolean {
		return this.#tracks.isAwayAt(seconds);
	}
}
