// What a peer knows of another one that it has a connection to.

import { stripes as stripeCount, turnOf } from "../wire/chunks.ts";
import { bounds } from "../wire/codec.ts";
import type { Data, PartName } from "../wire/messages.ts";
import { ChunkSet } from "./chunkset.ts";
import type { Part } from "./part.ts";
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

const none = () => new Uint8Array(bounds.renditions);

export class Neighbour {
	readonly id: string;
	readonly openedAt: number;
	hasGreeted = false;
	interest = new Set<number>();
	readonly asked = new Map<string, Asked>();
	readonly kept = new Map<string, Kept>();
	/** Bytes of data that came before their heads. */
	waiting = 0;
	/** Bytes that it pushed outside the store. */
	stray = 0;
	/** Bytes that wait in the channel to it, and when they last became fewer. */
	pressure = 0;
	#drainedAt = 0;
	/** The tracker says that it left; its channel may go on. */
	hasLeft = false;
	/** Chunks that its subscriptions brought late, since that was told. */
	late = 0;
	/** By rendition, the stripes that it was last told to push, and those it refused. */
	wanted = none();
	readonly refused = none();
	/** By rendition, the stripes that it is to be pushed. */
	wants = none();
	/** By rendition, those of them that it passes on. */
	feeds = none();
	/** By rendition, what of `wanted` it was told that others are pushed. */
	told = none();
	/** It opened when this peer had another id; since when it was of no use. */
	isOld = false;
	idleAt = 0;

	/** Until when it may push what it was told before, by rendition and stripe. */
	readonly #until = new Map<number, number>();
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

	/** So many bytes wait in the channel to it. */
	press(bytes: number, now: number): void {
		if (bytes < this.pressure || this.pressure === 0) this.#drainedAt = now;
		this.pressure = bytes;
	}

	/** Nothing leaves for it: it is gone, or its line is. */
	isStuck(now: number): boolean {
		return this.#isIdle(now, this.hasLeft ? constants.STUCK_GONE : constants.STUCK);
	}

	#isIdle(now: number, since: number): boolean {
		return this.pressure > 0 && now - this.#drainedAt >= since;
	}

	/** Given up: what waits is sent again and again, and keeps others from the line. */
	isLost(now: number): boolean {
		return this.#isIdle(now, this.hasLeft ? constants.LOST_GONE : constants.LOST);
	}

	/** A subscription ends: what is on its way may still come. */
	unsubscribe(rendition: number, stripe: number, now: number): void {
		this.#until.set(rendition * stripeCount + stripe, now + constants.FORGIVE);
	}

	isSubscribed(rendition: number, stripe: number): boolean {
		return ((this.wanted[rendition] ?? 0) & (1 << stripe)) !== 0;
	}

	#mayPush(rendition: number, stripe: number, now: number): boolean {
		const until = this.#until.get(rendition * stripeCount + stripe) ?? 0;
		return this.isSubscribed(rendition, stripe) || now < until;
	}

	/** Whether a subscription lets it send this chunk. */
	pushes({ rendition, number, chunk }: Data, part: Part | undefined, now: number): boolean {
		if (part?.count) return this.#mayPush(rendition, part.stripe(chunk), now);
		const may = (stripe: number) => this.#mayPush(rendition, stripe, now);
		return may(chunk % stripeCount) || (chunk === 0 && may(turnOf(number)));
	}

	/** Either side is subscribed to the other. */
	get isInUse(): boolean {
		return [this.wanted, this.wants].some((stripes) => stripes.some((bits) => bits !== 0));
	}

	/** Whether a request for a chunk is open with it. */
	isAsked(part: PartName, chunk: number): boolean {
		return this.asked.get(key(part))?.open.has(chunk) ?? false;
	}

	ask({ rendition, number }: PartName, chunks: readonly number[]): void {
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
		if (!asked) return undefined;
		if (asked.open.isEmpty(count)) {
			if (asked.until <= now) this.asked.delete(key(part));
			return undefined;
		}
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
