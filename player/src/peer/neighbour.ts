// What a peer knows of another one that it has a connection to.
import type { PartName } from "../wire/messages.ts";
import type { Ask } from "./ask.ts";
import { constants } from "./types.ts";

export const key = ({ rendition, number }: PartName): string => `${rendition}/${number}`;

/** A request of a neighbour that waits for chunks to come in. */
export interface Kept extends PartName {
	wish: Ask;
}

export class Neighbour {
	readonly id: string;
	readonly openedAt: number;
	hasGreeted = false;
	interest = new Set<number>();
	/** Requests of this neighbour that are kept, by part. */
	readonly kept = new Map<string, Kept>();
	/** Parts to be named in the next `have`. */
	readonly news: PartName[] = [];
	/** When the last `have` was sent. */
	toldAt = Number.NEGATIVE_INFINITY;
	/** Bytes of data that came before their heads. */
	waiting = 0;

	readonly #held = new Map<number, Set<number>>();
	readonly #cancelled = new Map<string, { ask: Ask; until: number }>();
	#second = Number.NEGATIVE_INFINITY;
	#messages = 0;

	constructor(id: string, now: number) {
		this.id = id;
		this.openedAt = now;
	}

	/** Counts a message that is no data; false when there are too many. */
	count(now: number): boolean {
		if (now - this.#second >= 1000) {
			this.#second = now;
			this.#messages = 0;
		}
		this.#messages++;
		return this.#messages <= constants.FLOOD;
	}

	/** Notes that the neighbour holds a part, and forgets the oldest ones. */
	notesHave({ rendition, number }: PartName): void {
		const numbers = this.#held.get(rendition) ?? new Set();
		this.#held.set(rendition, numbers.add(number));
		if (numbers.size > constants.STORE) numbers.delete(Math.min(...numbers));
	}

	holds({ rendition, number }: PartName): boolean {
		return this.#held.get(rendition)?.has(number) ?? false;
	}

	/** Remembers a request that was taken back: its data may be on the way. */
	forgive(part: PartName, ask: Ask, now: number): void {
		for (const [name, { until }] of this.#cancelled) {
			if (until > now) break;
			this.#cancelled.delete(name);
		}
		this.#cancelled.delete(key(part));
		this.#cancelled.set(key(part), { ask, until: now + constants.FORGIVE });
	}

	/** Whether a chunk that nobody waits for is the late answer to a cancelled request. */
	isForgiven(part: PartName, chunk: number, now: number): boolean {
		const cancelled = this.#cancelled.get(key(part));
		if (!cancelled || cancelled.until < now || !cancelled.ask.isOpen(chunk)) return false;
		cancelled.ask.answer([chunk]);
		return true;
	}
}
