// What a peer knows of another one that it has a connection to.
import type { PartName } from "../wire/messages.ts";
import { ChunkSet } from "./chunkset.ts";
import { constants } from "./types.ts";

export const key = ({ rendition, number }: PartName): string => `${rendition}/${number}`;

/** What the neighbour was asked of one part. */
export interface Asked extends PartName {
	/** Not answered yet. */
	open: ChunkSet;
	/** Taken back, but until then the answer may be on its way. */
	forgiven: ChunkSet;
	until: number;
}

/** A request of the neighbour that waits for chunks to come in. */
export interface Kept extends PartName {
	chunks: ChunkSet;
}

export class Neighbour {
	readonly id: string;
	readonly openedAt: number;
	hasGreeted = false;
	interest = new Set<number>();
	readonly asked = new Map<string, Asked>();
	readonly kept = new Map<string, Kept>();
	/** Bytes of data that came before their heads. */
	waiting = 0;

	readonly #held = new Map<number, Set<number>>();
	#secondAt = 0;
	#messages = 0;

	constructor(id: string, now: number) {
		this.id = id;
		this.openedAt = now;
	}

	/** Counts a message that is no data; true when there are too many. */
	isFlooding(now: number): boolean {
		if (this.#messages === 0 || now >= this.#secondAt + 1000) {
			this.#secondAt = now;
			this.#messages = 0;
		}
		return ++this.#messages > constants.FLOOD;
	}

	/** Notes that the neighbour holds a part, and forgets what is far behind its newest. */
	notesHave({ rendition, number }: PartName): void {
		const numbers = this.#held.get(rendition) ?? new Set();
		this.#held.set(rendition, numbers);
		const oldest = Math.max(number, ...numbers) - constants.STORE;
		if (number > oldest) numbers.add(number);
		for (const old of numbers) if (old <= oldest) numbers.delete(old);
	}

	holds({ rendition, number }: PartName): boolean {
		return this.#held.get(rendition)?.has(number) ?? false;
	}

	/** Whether any request for a part is open; count as in ChunkSet. */
	isAsked(part: PartName, count: number | undefined): boolean {
		return this.asked.get(key(part))?.open.isEmpty(count) === false;
	}

	ask({ rendition, number }: PartName, chunks: readonly number[] | null): void {
		const name = key({ rendition, number });
		const asked = this.asked.get(name) ?? {
			rendition,
			number,
			open: new ChunkSet(),
			forgiven: new ChunkSet(),
			until: 0,
		};
		asked.open.add(chunks);
		this.asked.set(name, asked);
	}

	/** Takes back what is open of a part; returns it, or undefined when nothing is. */
	takeBack(part: PartName, count: number | undefined, now: number): number[] | null | undefined {
		const asked = this.asked.get(key(part));
		if (!asked || asked.open.isEmpty(count)) return undefined;
		const chunks = asked.open.wire(count);
		if (count === undefined || asked.forgiven.isEmpty(count)) asked.forgiven = asked.open;
		else asked.forgiven.add(chunks);
		asked.open = new ChunkSet();
		asked.until = now + constants.FORGIVE;
		return chunks;
	}

	/** Forgets requests that nothing can come of any more. */
	tidy(now: number, count: (part: PartName) => number | undefined): void {
		for (const [name, asked] of this.asked) {
			const isOver = asked.until > 0 && asked.until <= now;
			if (isOver && asked.open.isEmpty(count(asked))) this.asked.delete(name);
		}
	}
}
