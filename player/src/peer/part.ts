// The state of one part that is under way or held.
import { sha256 } from "../crypto.ts";
import { chunkRange, hashSize } from "../wire/chunks.ts";
import type { Head } from "../wire/heads.ts";
import type { PartName } from "../wire/messages.ts";
import type { Ask } from "./ask.ts";

/** What came of a chunk. */
export type Verdict = "new" | "known" | "wrong";

export class Part implements PartName {
	readonly rendition: number;
	readonly number: number;
	/** Playback asked for it, and has not got it. */
	demanded = false;
	/** The server has it no more. */
	lost = false;
	/** A fetch is under way. */
	fetching = false;
	/** When a failed fetch is tried again. */
	retryAt: number | null = null;
	/** When the peer saw to it (rule 2). */
	seenAt: number | null = null;
	/** When another neighbour is asked, and when the server is (rule 3). */
	halfAt: number | null = null;
	dueAt: number | null = null;
	/** Requests to peers, by peer. */
	readonly asks = new Map<string, Ask>();
	/** Peers that did not deliver. */
	readonly failed = new Set<string>();
	/** Bytes from the server that came before the head. */
	early: Uint8Array | null = null;
	/** Chunks from peers that came before the head. */
	readonly waiting: { peer: string; chunk: number; bytes: Uint8Array }[] = [];

	#head: Head | null = null;
	#bytes: Uint8Array | null = null;
	readonly #held = new Set<number>();

	constructor(name: PartName) {
		this.rendition = name.rendition;
		this.number = name.number;
	}

	get head(): Head | null {
		return this.#head;
	}

	set head(head: Head) {
		this.#head = head;
		this.#bytes = new Uint8Array(head.length);
	}

	/** How many chunks it has; undefined before its head is known. */
	get count(): number | undefined {
		return this.#head?.chunks.length;
	}

	/** All chunks are there and checked. */
	get isWhole(): boolean {
		return this.#head !== null && this.#held.size === this.#head.chunks.length;
	}

	/** The part's bytes; they are complete when isWhole says so. */
	get bytes(): Uint8Array {
		return this.#bytes ?? new Uint8Array(0);
	}

	/** A fetch is under way, or waits for its retry or for the head. */
	get isFetched(): boolean {
		return this.fetching || this.retryAt !== null || this.early !== null;
	}

	get isAsked(): boolean {
		return [...this.asks.values()].some((ask) => ask.isPending(this.count));
	}

	has(chunk: number): boolean {
		return this.#held.has(chunk);
	}

	/** A chunk's bytes, which must be held. */
	chunk(index: number): Uint8Array {
		const { start, end } = chunkRange(this.bytes.length, this.count ?? 0, index);
		return this.bytes.subarray(start, end);
	}

	missing(): number[] {
		return Array.from({ length: this.count ?? 0 }, (_, i) => i).filter((i) => !this.has(i));
	}

	/** Missing chunks that no open request covers. */
	uncovered(): number[] {
		const asks = [...this.asks.values()];
		return this.missing().filter((chunk) => !asks.some((ask) => ask.isOpen(chunk)));
	}

	/** Checks a chunk against the head, which must be known, and keeps it. */
	take(index: number, bytes: Uint8Array): Verdict {
		const hash = this.#head?.chunks[index];
		if (!hash || !this.#bytes) return "wrong";
		const { start, end } = chunkRange(this.#bytes.length, this.count ?? 0, index);
		if (bytes.length !== end - start || !matches(bytes, hash)) return "wrong";
		if (this.#held.has(index)) return "known";
		this.#bytes.set(bytes, start);
		this.#held.add(index);
		return "new";
	}

	/** Checks a whole part and keeps it; returns the chunks that are new, or null. */
	takeAll(bytes: Uint8Array): number[] | null {
		const head = this.#head;
		if (!head || bytes.length !== head.length) return null;
		const sound = head.chunks.every((hash, i) => {
			const { start, end } = chunkRange(head.length, head.chunks.length, i);
			return this.has(i) || matches(bytes.subarray(start, end), hash);
		});
		if (!sound) return null;
		const fresh = this.missing();
		for (const chunk of fresh) {
			const { start, end } = chunkRange(head.length, head.chunks.length, chunk);
			this.bytes.set(bytes.subarray(start, end), start);
			this.#held.add(chunk);
		}
		return fresh;
	}
}

function matches(bytes: Uint8Array, hash: Uint8Array): boolean {
	const own = sha256(bytes);
	for (let i = 0; i < hashSize; i++) if (own[i] !== hash[i]) return false;
	return true;
}
