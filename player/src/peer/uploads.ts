// Answering the neighbours' requests (docs/protocol.md §6 and §6.1, rule 7).
import type { PartName, Wish } from "../wire/messages.ts";
import { Budget } from "./budget.ts";
import { ChunkSet } from "./chunkset.ts";
import { type Kept, key, type Neighbour } from "./neighbour.ts";
import type { Part } from "./part.ts";
import type { State } from "./state.ts";
import { constants } from "./types.ts";

export class Uploads {
	/** Bytes of chunks that were sent. */
	sent = 0;
	readonly #state: State;
	readonly #budget: Budget;

	constructor(state: State) {
		this.#state = state;
		this.#budget = new Budget(state.options.upload);
	}

	/** Answers what can be answered and keeps the rest. */
	request(neighbour: Neighbour, wish: Wish): void {
		const { rendition, number, chunks } = wish;
		const name = key(wish);
		const known = this.#state.store.get(wish);
		const kept = neighbour.kept.get(name) ?? { rendition, number, chunks: new ChunkSet() };
		const isOne = neighbour.kept.has(name) || neighbour.kept.size < constants.KEPT;
		if (!this.#offers(wish, known) || !(isOne || known?.isWhole))
			return this.#absent(neighbour, wish, chunks);
		kept.chunks.add(chunks);
		neighbour.kept.set(name, kept);
		const part = this.#state.store.track(rendition).make(number);
		for (let chunk = 0; chunk < (part.count ?? 0); chunk++)
			if (part.has(chunk)) this.#answer(neighbour, kept, part, chunk);
		this.#tidy(neighbour, wish);
	}

	/** Whether a request for a part can be met, now or later (§6, request). */
	#offers(wish: Wish, part: Part | undefined): boolean {
		const { options, store, now } = this.#state;
		const track = store.track(wish.rendition);
		if (options.upload < 0 || !track.isFollowed || !track.reaches(wish.number)) return false;
		if (this.#budget.isSpent(now)) return false;
		if (part?.isLost || (part?.isWhole && part.head?.gap)) return false;
		if (wish.number > (track.newest ?? 0)) return true;
		return part !== undefined && (part.isSought || part.isWhole);
	}

	cancel(neighbour: Neighbour, { chunks, ...part }: Wish): void {
		neighbour.kept.get(key(part))?.chunks.remove(chunks);
		this.#tidy(neighbour, part);
	}

	/** Sends a chunk that came in to everybody who waits for it. */
	passOn(part: Part, chunk: number): void {
		for (const neighbour of this.#state.neighbours) {
			const kept = neighbour.kept.get(key(part));
			if (!kept) continue;
			this.#answer(neighbour, kept, part, chunk);
			this.#tidy(neighbour, part);
		}
	}

	/** Answers everybody who waits for a part that it will not come. */
	refuse(part: Part): void {
		for (const neighbour of this.#state.neighbours) {
			const kept = neighbour.kept.get(key(part));
			if (!kept) continue;
			neighbour.kept.delete(key(part));
			this.#absent(neighbour, part, kept.chunks.wire(part.count));
		}
	}

	/** Forgets requests for a part that has no bytes. */
	drop(part: PartName): void {
		for (const neighbour of this.#state.neighbours) neighbour.kept.delete(key(part));
	}

	#answer(neighbour: Neighbour, kept: Kept, part: Part, chunk: number): void {
		if (!kept.chunks.has(chunk)) return;
		kept.chunks.remove([chunk]);
		const bytes = part.chunk(chunk);
		if (!this.#budget.take(bytes.length, this.#state.now))
			return this.#absent(neighbour, part, [chunk]);
		this.sent += bytes.length;
		const { rendition, number } = part;
		this.#state.send(neighbour, { type: "data", rendition, number, chunk, bytes });
	}

	#tidy(neighbour: Neighbour, part: PartName): void {
		const isDone = neighbour.kept.get(key(part))?.chunks.isEmpty(this.#state.store.count(part));
		if (isDone) neighbour.kept.delete(key(part));
	}

	#absent(neighbour: Neighbour, part: PartName, chunks: number[] | null): void {
		const { rendition, number } = part;
		this.#state.send(neighbour, { type: "absent", rendition, number, chunks });
	}
}
