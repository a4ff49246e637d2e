// When parts come in at the live edge: when playback may begin, and how late parts are.
import type { ServerClock } from "../clock.ts";
import { isWhole } from "../playlist.ts";
import type { Head } from "../wire/heads.ts";
import type { Manifest } from "../wire/manifest.ts";
import type { PartName } from "../wire/messages.ts";
import { key } from "./fetches.ts";
import type { Timeline } from "./timeline.ts";
import type { Tracks } from "./tracks.ts";
import type { Arrival } from "./types.ts";

/** How long the first heads may take to become complete, in milliseconds. */
const settle = { quiet: 40, most: 400 };

export class Arrivals {
	/** Called for each part of a followed rendition that comes in at the live edge. */
	onArrival: (arrival: Arrival) => void = () => {};
	readonly #tracks: Tracks;
	readonly #clock: ServerClock;
	readonly #manifest: () => Manifest;
	/** Parts that were announced while playing, and have not come yet. */
	readonly #announced = new Set<string>();
	#settling: ReturnType<typeof setTimeout> | undefined;
	#settleBy = 0;

	constructor(tracks: Tracks, clock: ServerClock, manifest: () => Manifest) {
		this.#tracks = tracks;
		this.#clock = clock;
		this.#manifest = manifest;
	}

	stop(): void {
		clearTimeout(this.#settling);
	}

	/** A head came; the parts that playback begins with are late by nature. */
	announce(head: Head): void {
		if (this.#tracks.timeline(head.rendition).edge >= 0) this.#announced.add(key(head));
	}

	/** A part will not come, or its arrival says nothing. */
	forget(part: PartName): void {
		this.#announced.delete(key(part));
	}

	forgetAll(): void {
		this.#announced.clear();
	}

	/** A part came that has media. */
	came(part: PartName): void {
		const head = this.#tracks.timeline(part.rendition).head(part.number);
		if (!this.#announced.delete(key(part)) || !head) return;
		const first = this.#firstPlayable(head);
		if (first) this.#tell(first.programTime, part.rendition === this.#tracks.main);
	}

	/** The head that can be played from now on that this one is there. */
	#firstPlayable(head: Head): Head | undefined {
		if (!isWhole(this.#manifest())) return head;
		if (!head.segmentEnd) return undefined;
		return this.#tracks.timeline(head.rendition).head(head.number - head.index) ?? head;
	}

	#tell(programTime: number, isMain: boolean): void {
		const delay = (this.#clock.now() - programTime) / 1000;
		if (isMain || delay > 0) this.onArrival({ isMain, delay });
	}

	/** Lets playback begin once the first heads have all come. */
	settle(): void {
		const fresh = this.#tracks.timelines.filter((t) => t.edge < 0);
		if (fresh.length === 0) return;
		const now = performance.now();
		this.#settleBy ||= now + settle.most;
		const isComplete = fresh.every((timeline) => timeline.newest !== undefined);
		const delay = isComplete ? Math.min(settle.quiet, this.#settleBy - now) : settle.most;
		clearTimeout(this.#settling);
		this.#settling = setTimeout(() => this.#begin(fresh), delay);
	}

	#begin(fresh: readonly Timeline[]): void {
		this.#settleBy = 0;
		for (const timeline of fresh) if (timeline.newest) timeline.begin();
		// A whole segment may have been there for long.
		if (isWhole(this.#manifest())) return;
		// The last part is at least this late, which tells how late parts are.
		const edges = fresh.map((timeline) => timeline.newest?.programTime ?? Number.NaN);
		this.#tell(Math.min(...edges), false);
	}
}
