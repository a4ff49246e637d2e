// The parts and heads that a peer knows (docs/protocol.md §6.1, rule 8).
import type { Head } from "../wire/heads.ts";
import type { PartName } from "../wire/messages.ts";
import { Part } from "./part.ts";
import { constants } from "./types.ts";

/** What is known of one rendition. */
export class Track {
	readonly rendition: number;
	isFollowed = false;
	/** Number of the newest head; null before the first. */
	newest: number | null = null;
	/** The newest part that was seen to since it is followed. */
	seenTo: number | null = null;
	readonly parts = new Map<number, Part>();

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

	/** Parts that are held whole and can be given to others. */
	held(): PartName[] {
		return this.tracks()
			.flatMap((track) => track.sorted())
			.filter((part) => part.isWhole && !part.head?.gap)
			.map(({ rendition, number }) => ({ rendition, number }));
	}

	/** Notes a head, and makes room: `forget` is given the parts that leave. */
	note(head: Head, forget: (part: Part) => void): { part: Part | null; isNewest: boolean } {
		const track = this.track(head.rendition);
		const isNewest = track.newest === null || head.number > track.newest;
		if (isNewest) {
			track.newest = head.number;
			for (const part of track.sorted()) {
				if (part.number >= track.oldest) break;
				track.parts.delete(part.number);
				forget(part);
			}
		}
		if (!track.reaches(head.number) || track.get(head.number)?.head)
			return { part: null, isNewest };
		const part = track.make(head.number);
		part.head = head;
		return { part, isNewest };
	}
}
