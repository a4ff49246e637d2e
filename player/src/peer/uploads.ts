// Answering the neighbours' requests and pushing what they are subscribed for
// (docs/protocol.md §6 and §6.1, rule 7).
import { stripes as stripeCount } from "../wire/chunks.ts";
import type { Head } from "../wire/heads.ts";
import {
	encodeMessage,
	type PartName,
	type Stripes,
	type Subscribe,
	type Wish,
} from "../wire/messages.ts";
import { Budget } from "./budget.ts";
import { ChunkSet } from "./chunkset.ts";
import { key, type Neighbour } from "./neighbour.ts";
import { hasAlready, type Part, type Piece } from "./part.ts";
import type { State } from "./state.ts";
import { constants } from "./types.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export class Uploads {
	/** Bytes of chunks that were sent. */
	sent = 0;
	readonly #state: State;
	#budget: Budget;

	constructor(state: State) {
		this.#state = state;
		this.#budget = new Budget(state.options.upload);
	}

	/** Another budget from now on. */
	lend(upload: number): void {
		this.#budget = new Budget(upload);
	}

	/** Answers what can be answered and keeps the rest. */
	request(neighbour: Neighbour, wish: Wish): void {
		const { rendition, number, chunks } = wish;
		const name = key(wish);
		const known = this.#state.store.get(wish);
		const kept = neighbour.kept.get(name) ?? { rendition, number, chunks: new ChunkSet() };
		const isOne = neighbour.kept.has(name) || neighbour.kept.size < constants.KEPT;
		if (!this.#offers(neighbour, wish, known) || !(isOne || known?.isWhole))
			return this.#absent(neighbour, wish, chunks);
		kept.chunks.add(chunks);
		neighbour.kept.set(name, kept);
		const part = this.#state.store.track(rendition).make(number);
		for (let chunk = 0; chunk < (part.count ?? 0); chunk++) {
			if (!part.has(chunk) || !kept.chunks.has(chunk)) continue;
			kept.chunks.remove([chunk]);
			this.#answer(neighbour, part, chunk, null);
		}
		this.#tidy(neighbour, wish);
	}

	/** Whether a request for a part can be met, now or later (§6, request). */
	#offers(neighbour: Neighbour, wish: Wish, part: Part | undefined): boolean {
		const { lends, store } = this.#state;
		const track = store.track(wish.rendition);
		if (!lends || !track.isFollowed || !track.reaches(wish.number)) return false;
		if (this.#isHeldBack(neighbour) || this.#pressure > constants.PULL_PRESSURE) return false;
		if (part?.isGone || (part?.isWhole && part.head?.gap)) return false;
		if (wish.number > (track.newest ?? 0)) return true;
		return part !== undefined && (track.wants(part) || part.isWhole);
	}

	/** Nothing is to be sent to a neighbour just now. */
	#isHeldBack(neighbour: Neighbour): boolean {
		const { now } = this.#state;
		if (this.#budget.isSpent(now) || neighbour.isStuck(now)) return true;
		return neighbour.pressure > 0 && this.#pressure > constants.PRESSURE;
	}

	/** Bytes that wait in the channels from which something leaves. */
	get #pressure(): number {
		const { neighbours, now } = this.#state;
		return neighbours.reduce((sum, n) => sum + (n.isStuck(now) ? 0 : n.pressure), 0);
	}

	cancel(neighbour: Neighbour, { chunks, ...part }: Wish): void {
		neighbour.kept.get(key(part))?.chunks.remove(chunks);
		this.#tidy(neighbour, part);
	}

	/** A neighbour says what it wants to be pushed. */
	subscribed(neighbour: Neighbour, { wishes }: Subscribe): void {
		const { lends, store } = this.#state;
		neighbour.wants.fill(0);
		neighbour.feeds.fill(0);
		let count = this.#stripes();
		for (const { rendition, stripes, feeds } of wishes) {
			const more = bits(stripes);
			const isMet = lends && store.track(rendition).isFollowed;
			if (!isMet || count + more > constants.CHILD_STRIPES) {
				this.#state.send(neighbour, { type: "refuse", rendition, stripes });
				continue;
			}
			count += more;
			neighbour.wants[rendition] = stripes;
			neighbour.feeds[rendition] = feeds;
		}
	}

	/** All that the neighbours are to be pushed. */
	#stripes(): number {
		let count = 0;
		for (const { wants } of this.#state.neighbours) for (const w of wants) count += bits(w);
		return count;
	}

	/** A rendition is not followed any more. */
	end(rendition: number): void {
		for (const neighbour of this.#state.neighbours) {
			const stripes = neighbour.wants[rendition] ?? 0;
			if (stripes === 0) continue;
			this.#state.send(neighbour, { type: "refuse", rendition, stripes });
			neighbour.wants[rendition] = 0;
			neighbour.feeds[rendition] = 0;
		}
	}

	/** Sends a batch on, unchanged, to those who are subscribed for one of its heads. */
	passHeads(heads: readonly Head[], payload: Uint8Array, from: Neighbour | undefined): void {
		let message: Bytes | null = null;
		for (const neighbour of this.#state.neighbours) {
			if (neighbour === from || !heads.some((head) => wantsHead(neighbour, head))) continue;
			message ??= encodeMessage({ type: "heads", payload });
			this.#state.pass(neighbour, message);
		}
	}

	/**
	 * Sends a chunk that came in to everybody who wants it, but not back: first to those
	 * who pass it on. What went on before the rendition was left isn't pushed again: those
	 * who have it would take that for abuse.
	 */
	passOn(part: Part, chunk: number, piece: Piece | null): void {
		const { neighbours } = this.#state;
		const isAgain = hasAlready(part.passed, chunk);
		if (neighbours.length === 0) return;
		const stripe = part.stripe(chunk);
		const isFirst = ({ feeds }: Neighbour) => ((feeds[part.rendition] ?? 0) >> stripe) % 2 === 1;
		let message = piece?.message ?? null;
		for (const neighbour of inTwo(neighbours, isFirst)) {
			const kept = neighbour.kept.get(key(part));
			const isKept = kept?.chunks.has(chunk) ?? false;
			const isPushed = !isAgain && hasStripe(neighbour, part, stripe);
			if (neighbour === piece?.from || !(isKept || isPushed)) continue;
			message = this.#answer(neighbour, part, chunk, message);
			if (!isKept) continue;
			kept?.chunks.remove([chunk]);
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

	/** Sends one chunk, or that it is absent. Returns the message, so that it is made once. */
	#answer(neighbour: Neighbour, part: Part, chunk: number, made: Bytes | null): Bytes | null {
		if (this.#isHeldBack(neighbour)) {
			const isPushed = hasStripe(neighbour, part, part.stripe(chunk));
			if (isPushed && !neighbour.isStuck(this.#state.now)) this.#state.late++;
			this.#absent(neighbour, part, [chunk]);
			return made;
		}
		const bytes = part.chunk(chunk);
		this.#budget.take(bytes.length);
		this.sent += bytes.length;
		const { rendition, number } = part;
		const message = made ?? encodeMessage({ type: "data", rendition, number, chunk, bytes });
		this.#state.pass(neighbour, message);
		return message;
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

/** Those of whom something is so, and then the others. */
function inTwo<T>(list: readonly T[], isSo: (one: T) => boolean): T[] {
	return [...list.filter(isSo), ...list.filter((one) => !isSo(one))];
}

function hasStripe(
	neighbour: Neighbour,
	{ rendition }: Pick<Stripes, "rendition">,
	stripe: number,
) {
	return ((neighbour.wants[rendition] ?? 0) >> stripe) % 2 === 1;
}

/** Heads ride on two stripes. */
function wantsHead(neighbour: Neighbour, head: Head): boolean {
	const { number } = head;
	return [number, number + stripeCount / 2].some((s) =>
		hasStripe(neighbour, head, s % stripeCount),
	);
}

function bits(value: number): number {
	let count = 0;
	for (let rest = value; rest > 0; rest >>= 1) count += rest % 2;
	return count;
}
