// Answering the neighbours' requests (docs/protocol.md §6 and §6.1, rule 7).
import type { PartName, Wish } from "../wire/messages.ts";
import { Ask } from "./ask.ts";
import type { Budget } from "./budget.ts";
import type { Turn } from "./core.ts";
import type { Downloads } from "./downloads.ts";
import { type Kept, key, type Neighbour } from "./neighbour.ts";
import type { Neighbours } from "./neighbours.ts";
import type { Part } from "./part.ts";
import { constants } from "./types.ts";

export class Uploads {
	readonly #turn: Turn;
	readonly #neighbours: Neighbours;
	readonly #downloads: Downloads;
	readonly #budget: Budget;

	constructor(turn: Turn, neighbours: Neighbours, downloads: Downloads, budget: Budget) {
		this.#turn = turn;
		this.#neighbours = neighbours;
		this.#downloads = downloads;
		this.#budget = budget;
	}

	get lends(): boolean {
		return this.#budget.lends;
	}

	request(neighbour: Neighbour, wish: Wish): void {
		const { rendition, number, chunks } = wish;
		const name = key(wish);
		let kept = neighbour.kept.get(name);
		const isOne = kept !== undefined || neighbour.kept.size < constants.KEPT;
		if (!isOne || !this.#downloads.offers(wish) || this.#budget.isSpent(this.#turn.now))
			return this.#absent(neighbour, wish, chunks);
		const part = this.#downloads.get(wish);
		if (kept) kept.wish.add(chunks);
		else kept = { rendition, number, wish: new Ask(chunks) };
		neighbour.kept.set(name, kept);
		if (part?.head) this.#answer(neighbour, kept, part);
	}

	cancel(neighbour: Neighbour, { chunks, ...part }: Wish): void {
		const kept = neighbour.kept.get(key(part));
		kept?.wish.answer(chunks);
		if (kept && !kept.wish.isPending(this.#downloads.get(part)?.count))
			neighbour.kept.delete(key(part));
	}

	/** Sends what has come in of a part to everybody who waits for it. */
	serve(part: Part): void {
		for (const neighbour of this.#neighbours) {
			const kept = neighbour.kept.get(key(part));
			if (kept) this.#answer(neighbour, kept, part);
		}
	}

	/** Forgets requests for parts of a rendition up to `last`, with an answer. */
	expire(rendition: number, last: number): void {
		for (const neighbour of this.#neighbours) {
			for (const kept of [...neighbour.kept.values()])
				if (kept.rendition === rendition && kept.number <= last) this.refuse(kept, undefined);
		}
	}

	/** Forgets requests for a part that has no bytes. */
	drop(part: PartName): void {
		for (const neighbour of this.#neighbours) neighbour.kept.delete(key(part));
	}

	/** Answers everybody who waits for a part that it will not come. */
	refuse(part: PartName, count: number | undefined): void {
		for (const neighbour of this.#neighbours) {
			const kept = neighbour.kept.get(key(part));
			if (!kept) continue;
			neighbour.kept.delete(key(part));
			if (kept.wish.isPending(count)) this.#absent(neighbour, part, kept.wish.remainder(count));
		}
	}

	#answer(neighbour: Neighbour, kept: Kept, part: Part): void {
		const refused: number[] = [];
		for (const chunk of kept.wish.open(part.count ?? 0)) {
			if (!part.has(chunk)) continue;
			kept.wish.answer([chunk]);
			const bytes = part.chunk(chunk);
			const { rendition, number } = part;
			if (this.#budget.take(bytes.length, this.#turn.now))
				this.#neighbours.send(neighbour.id, { type: "data", rendition, number, chunk, bytes });
			else refused.push(chunk);
		}
		if (refused.length > 0) this.#absent(neighbour, part, refused);
		if (!kept.wish.isPending(part.count)) neighbour.kept.delete(key(part));
	}

	#absent(neighbour: Neighbour, part: PartName, chunks: number[] | null): void {
		const { rendition, number } = part;
		this.#neighbours.send(neighbour.id, { type: "absent", rendition, number, chunks });
	}
}
