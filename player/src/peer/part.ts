// The state of one part, from the first that is heard of it until it leaves the store.
import { sha256 } from "../crypto.ts";
import { chunkRange, hashSize } from "../wire/chunks.ts";
import type { Head } from "../wire/heads.ts";
import type { PartName } from "../wire/messages.ts";
import type { Neighbour } from "./neighbour.ts";

/** A chunk that came before its head. */
export interface Waiting {
	from: Neighbour;
	chunk: number;
	bytes: Uint8Array;
}

const never = Number.POSITIVE_INFINITY;

export class Part implements PartName {
	readonly rendition: number;
	readonly number: number;
	/** It was seen to, or demanded: it is on its way until it is whole. */
	isSought = false;
	isDemanded = false;
	/** The server has it no more. */
	isLost = false;
	/** All its chunks are there and checked. */
	isWhole = false;
	isFetching = false;
	/** When a failed fetch is tried again, another neighbour asked, the server asked. */
	retryAt = never;
	halfAt = never;
	dueAt = never;
	/** Neighbours that did not deliver. */
	readonly failed = new Set<Neighbour>();
	/** Bytes from the server that came before the head. */
	early: Uint8Array | null = null;
	waiting: Waiting[] = [];
	head: Head | null = null;

	#bytes: Uint8Array | null = null;
	readonly #held = new Set<number>();

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

	/** The server is asked, will be, or has answered before the head came. */
	get isPending(): boolean {
		return this.isFetching || this.retryAt !== never || this.early !== null;
	}

	/** Nothing more is to be done for it. */
	get isSettled(): boolean {
		return this.isWhole || this.isLost || !this.isSought;
	}

	get hasAll(): boolean {
		return this.#held.size === this.count;
	}

	has(chunk: number): boolean {
		return this.#held.has(chunk);
	}

	/** A chunk's bytes, which must be held. */
	chunk(index: number): Uint8Array {
		const { start, end } = this.#range(index);
		return this.bytes.subarray(start, end);
	}

	missing(): number[] {
		return Array.from({ length: this.count ?? 0 }, (_, i) => i).filter((i) => !this.has(i));
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

	/** Checks a whole part and keeps it; returns the chunks that are new, or null. */
	keepAll(bytes: Uint8Array): number[] | null {
		if (!this.head || bytes.length !== this.head.length) return null;
		const pieces = this.head.chunks.map((_, i) => {
			const { start, end } = this.#range(i);
			return bytes.subarray(start, end);
		});
		if (!pieces.every((piece, i) => this.isRight(i, piece))) return null;
		const fresh = this.missing();
		this.#bytes = bytes;
		for (const chunk of fresh) this.#held.add(chunk);
		return fresh;
	}

	/** Throws away what a neighbour sent before the head; true when there was any. */
	dropWaiting(from: Neighbour): boolean {
		const kept = this.waiting.filter((piece) => piece.from !== from);
		const isShort = kept.length < this.waiting.length;
		this.waiting = kept;
		return isShort;
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
