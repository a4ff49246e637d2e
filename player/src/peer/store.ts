// The parts and heads that a peer knows (docs/protocol.md §6.1, rule 9).
import type { Head } from "../wire/heads.ts";
import type { PartName } from "../wire/messages.ts";
import type { Group } from "./group.ts";
import { Part } from "./part.ts";
import { constants } from "./types.ts";

/** What is known of one rendition. */
export class Track {
	readonly rendition: number;
	isFollowed = false;
	/** Those that share what brings their stripes; null unless followed. */
	group: Group | null = null;
	/** Number of the newest head; null before the first. */
	newest: number | null = null;
	/** The first that came since it is followed: older parts are not wanted. */
	first: number | null = null;
	readonly parts = new Map<number, Part>();
	/** Until when the server wants no more fetches; 0 when it gave something since. */
	refusedUntil = 0;

	constructor(rendition: number) {
		this.rendition = rendition;
	}

	/** The least number in the store. */
	get oldest(): number {
		return Math.max(0, (this.newest ?? 0) - constants.STORE + 1);
	}

	/** Whether a part is in the store, or so near that it may be spoken of. */
	reaches(number: number): boolean {
		if (this.newest === null) return false;
		return number >= this.oldest && number <= this.newest + constants.AHEAD;
	}

	/** Whether a chunk of this part says something of the present. */
	isRecent(number: number): boolean {
		return this.newest !== null && number >= this.newest - constants.RECENT;
	}

	/** Whether a part is to come to be whole. */
	wants(part: Part): boolean {
		const isWanted = this.first !== null && part.number >= this.first;
		return this.isFollowed && !part.isGone && (isWanted || part.isSought);
	}

	/** Milliseconds that the newest part lasts. */
	get usual(): number {
		const head = this.newest === null ? null : this.get(this.newest)?.head;
		return head ? Math.floor(head.duration / 1000) : constants.USUAL_PART;
	}

	/** Where the newest part ends, in milliseconds; null while that is unknown. */
	get end(): number | null {
		const head = this.newest === null ? null : this.get(this.newest)?.head;
		return head ? Math.floor((head.start + head.duration) / 1000) : null;
	}

	/** The wanted parts with a head, from `back` before the newest on, that are not whole. */
	latest(back: number): Part[] {
		if (this.newest === null || this.first === null) return [];
		const parts: Part[] = [];
		for (let n = Math.max(this.first, this.newest - back); n <= this.newest; n++) {
			const part = this.get(n);
			if (part?.head && !part.isWhole && !part.isGone) parts.push(part);
		}
		return parts;
	}

	/** The first part that a feed is to bring of these stripes (rule 3); -1 is live. */
	from(stripes: number, playhead: number): number {
		if (this.newest === null || this.first === null) return -1;
		const back = Math.max(this.first, this.newest - constants.FEED_BACK);
		let number = Math.min(back, this.hole(playhead) ?? back);
		for (; number <= this.newest; number++) {
			const part = this.get(number);
			if (!part?.head) break;
			const isOver = part.isWhole || part.isGone || part.isPast(playhead);
			if (!isOver && part.missing(stripes).length > 0) break;
		}
		return number;
	}

	/** The first whose head did not come although one before it and newer ones did (rule 3). */
	hole(playhead: number): number | null {
		if (this.newest === null || this.first === null || playhead < 0) return null;
		let hasBegun = false; // numbers may leap
		for (let n = Math.max(this.first, this.newest - constants.HOLE_BACK); n < this.newest; n++) {
			const next = this.get(n + 1)?.head;
			if (this.get(n)?.head) hasBegun = true;
			else if (hasBegun && (!next || Math.floor(next.start / 1000) > playhead)) return n;
		}
		return null;
	}

	get(number: number): Part | undefined {
		return this.parts.get(number);
	}

	make(number: number): Part {
		let part = this.parts.get(number);
		if (!part) {
			part = new Part({ rendition: this.rendition, number });
			this.parts.set(number, part);
		}
		return part;
	}

	/** By number. */
	sorted(): Part[] {
		return [...this.parts.values()].sort((a, b) => a.number - b.number);
	}
}

export class Store {
	readonly #tracks = new Map<number, Track>();

	track(rendition: number): Track {
		let track = this.#tracks.get(rendition);
		if (!track) {
			track = new Track(rendition);
			this.#tracks.set(rendition, track);
		}
		return track;
	}

	get(name: PartName): Part | undefined {
		return this.#tracks.get(name.rendition)?.get(name.number);
	}

	count(name: PartName): number | undefined {
		return this.get(name)?.count;
	}

	/** By index. */
	tracks(): Track[] {
		return [...this.#tracks.values()].sort((a, b) => a.rendition - b.rendition);
	}

	followed(): Track[] {
		return this.tracks().filter((track) => track.isFollowed);
	}

	/** Makes room for a head; `forget` is given the parts that leave. */
	advance(head: Head, forget: (part: Part) => void): void {
		const track = this.track(head.rendition);
		if (track.newest !== null && head.number <= track.newest) return;
		track.newest = head.number;
		for (const part of track.sorted()) {
			if (part.number >= track.oldest) break;
			forget(part);
			track.parts.delete(part.number);
		}
	}
}
