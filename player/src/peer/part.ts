// The state of one part, from the first that is heard of it until it leaves the store.
import { sha256 } from "../crypto.ts";
import { chunkRange, hashSize, stripeOf } from "../wire/chunks.ts";
import type { Head } from "../wire/heads.ts";
import type { PartName } from "../wire/messages.ts";
import type { Neighbour } from "./neighbour.ts";
import { never } from "./types.ts";

/** A chunk that came from a neighbour. */
export interface Piece {
	from: Neighbour;
	chunk: number;
	bytes: Uint8Array;
	/** The whole message, to be passed on as it is. */
	message: Uint8Array<ArrayBuffer>;
	/** A subscription brought it, not a request. */
	isPushed: boolean;
}

export class Part implements PartName {
	readonly rendition: number;
	readonly number: number;
	head: Head | null = null;
	headAt = 0;
	isDemanded = false;
	/** Playback asked for it although it is from before what came first. */
	isSought = false;
	/** The server has it no more. */
	isGone = false;
	/** All its chunks are there and checked. */
	isWhole = false;
	/** When neighbours are asked for what is missing, and when the server is. */
	askAt = never;
	dueAt = never;
	/** From when on what is passed on is fetched. */
	passAt = never;
	isFetching = false;
	fetchedAt = 0;
	/** The chunks that are fetched. */
	range = { first: 0, count: 0 };
	/** When a failed fetch is tried again. */
	retryAt = never;
	/** Neighbours that did not deliver. */
	readonly failed = new Set<Neighbour>();
	/** Chunks that came before the head. */
	waiting: Piece[] = [];
	/** Chunks that were sent on, also before the rendition was left for a while. */
	passed = new Set<number>();

	#bytes: Uint8Array | null = null;
	readonly #held = new Set<number>();
	readonly #pushed = new Map<Neighbour, Set<number>>();

	constructor(name: PartName) {
		this.rendition = name.rendition;
		this.number = name.number;
	}

	/** How many chunks it has; undefined before its head is known. */
	get count(): number | undefined {
		return this.head?.chunks.length;
	}

	/** The part's bytes, complete when it is whole. */
	get bytes(): Uint8Array {
		this.#bytes ??= new Uint8Array(this.head?.length ?? 0);
		return this.#bytes;
	}

	get hasAll(): boolean {
		return this.#held.size === this.count;
	}

	/** Whether playback, which never asked for it, has left it behind. */
	isPast(playhead: number): boolean {
		if (playhead < 0 || this.isDemanded || this.isSought || !this.head) return false;
		return Math.floor((this.head.start + this.head.duration) / 1000) <= playhead;
	}

	/** The stripe of a chunk; the head must be known. */
	stripe(chunk: number): number {
		return stripeOf(this.number, chunk, this.count ?? 0);
	}

	has(chunk: number): boolean {
		return this.#held.has(chunk);
	}

	/** A chunk's bytes, which must be held. */
	chunk(index: number): Uint8Array {
		const { start, end } = this.#range(index);
		return this.bytes.subarray(start, end);
	}

	/** The chunks of these stripes that are not held. */
	missing(stripes: number): number[] {
		const all = Array.from({ length: this.count ?? 0 }, (_, i) => i);
		return all.filter((i) => !this.has(i) && (stripes >> this.stripe(i)) % 2 === 1);
	}

	/** Whether a chunk is what the head says; the head must be known. */
	isRight(index: number, bytes: Uint8Array): boolean {
		const hash = this.head?.chunks[index];
		const { start, end } = this.#range(index);
		return hash !== undefined && bytes.length === end - start && matches(bytes, hash);
	}

	/** Keeps a chunk that is right. */
	keep(index: number, bytes: Uint8Array): void {
		this.bytes.set(bytes, this.#range(index).start);
		this.#held.add(index);
	}

	/** Where the chunks that are fetched lie; undefined when these are all. */
	get fetchedRange(): { start: number; end: number } | undefined {
		const { first, count } = this.range;
		if (count === this.count) return undefined;
		return { start: this.#range(first).start, end: this.#range(first + count - 1).end };
	}

	/** Cuts what was fetched into chunks; null when its length is wrong. */
	cut(bytes: Uint8Array): { chunk: number; bytes: Uint8Array }[] | null {
		const { first, count } = this.range;
		const { start } = this.#range(first);
		if (bytes.length !== this.#range(first + count - 1).end - start) return null;
		return Array.from({ length: count }, (_, i) => {
			const range = this.#range(first + i);
			return { chunk: first + i, bytes: bytes.subarray(range.start - start, range.end - start) };
		});
	}

	/** Notes that a subscription brought a chunk; true when it had brought it before. */
	isPushedAgain(by: Neighbour, chunk: number): boolean {
		const chunks = this.#pushed.get(by) ?? new Set();
		this.#pushed.set(by, chunks);
		return hasAlready(chunks, chunk);
	}

	/** Throws away what a neighbour sent before the head. */
	dropWaiting(from: Neighbour): void {
		this.waiting = this.waiting.filter((piece) => piece.from !== from);
	}

	#range(index: number): { start: number; end: number } {
		return chunkRange(this.head?.length ?? 0, this.count ?? 0, index);
	}
}

function matches(bytes: Uint8Array, hash: Uint8Array): boolean {
	const own = sha256(bytes);
	for (let i = 0; i < hashSize; i++) if (own[i] !== hash[i]) return false;
	return true;
}

/** Puts a chunk in; true when it was in. */
export function hasAlready(chunks: Set<number>, chunk: number): boolean {
	const was = chunks.has(chunk);
	chunks.add(chunk);
	return was;
}
