// What is missing of parts: whom to ask for it, and when (docs/protocol.md §6.1, rule 5).
import { allStripes } from "../wire/chunks.ts";
import type { PartName } from "../wire/messages.ts";
import type { FeedWish } from "./feed.ts";
import type { Group, Stripe } from "./group.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Part } from "./part.ts";
import { score } from "./score.ts";
import type { State } from "./state.ts";
import { constants, never } from "./types.ts";

const clamp = (value: number, least: number, most: number) =>
	Math.min(most, Math.max(least, value));

export class Holes {
	readonly #state: State;
	/** How long the last fetches took, in milliseconds. */
	readonly #fetches: number[] = [];

	readonly #feed: FeedWish;

	constructor(state: State, feed: FeedWish) {
		this.#state = state;
		this.#feed = feed;
	}

	/** Starts a part's patience when its head came. */
	setDue(part: Part): void {
		const { store, playhead, lead, now } = this.#state;
		if (!part.head || part.isWhole || part.dueAt !== never) return;
		if (!store.track(part.rendition).wants(part)) return;
		const start = Math.floor(part.head.start / 1000);
		const ahead = playhead < 0 ? constants.UNKNOWN_AHEAD : start - playhead;
		const spread = this.#state.spread(part.rendition, part.number, constants.RESCUE_SPREAD);
		const patience = clamp(ahead - lead - spread, constants.PATIENCE_MIN, constants.PATIENCE_MAX);
		part.dueAt = now + patience;
		part.askAt = part.dueAt - Math.min(constants.ASK_LEAD, Math.floor(patience / 2));
		part.passAt = part.dueAt - Math.min(constants.PASS_LEAD, Math.floor(patience / 4));
	}

	/** A fetch of a part was refused: the others of its rendition wait as well. */
	refused({ rendition, number }: PartName, retryAfter: number): void {
		const wait = Math.min(retryAfter, constants.REFUSED_MOST);
		const most = Math.min(Math.floor(wait / 2) + 1, constants.REFUSED_SPREAD);
		const spread = this.#state.spread(rendition, number, most);
		this.#state.store.track(rendition).refusedUntil = this.#state.now + wait + spread;
	}

	/** After a refusal nothing for a while, then one at a time until something comes. */
	mayFetch({ rendition }: PartName): boolean {
		const { refusedUntil, parts } = this.#state.store.track(rendition);
		if (refusedUntil === 0) return true;
		return this.#state.now >= refusedUntil && ![...parts.values()].some((p) => p.isFetching);
	}

	/** A fetch succeeded after so many milliseconds. */
	learn(took: number): void {
		this.#fetches.push(took);
		if (this.#fetches.length > constants.LEAD_OF) this.#fetches.shift();
		this.#state.lead = clamp(
			Math.max(...this.#fetches) + constants.LEAD_MORE,
			constants.LEAD_MIN,
			constants.LEAD_MAX,
		);
	}

	/** Does what has become due. */
	run(): void {
		for (const track of this.#state.store.followed()) {
			const brings = this.#feed.brings(track.rendition);
			const passed = this.#livelyWants(track.rendition);
			for (const part of track.sorted()) {
				if (part.dueAt === never || part.isWhole || part.isGone) continue;
				if (part.isPast(this.#state.playhead)) continue;
				this.#runPart(part, brings(part.number), passed);
			}
		}
	}

	#runPart(part: Part, fed: number, passed: number): void {
		const { now } = this.#state;
		if (now >= part.askAt) {
			part.askAt = never;
			this.ask(part, allStripes & ~fed);
		}
		const isRetrying = part.retryAt !== never && now < part.retryAt;
		if (part.isFetching || now < part.passAt || isRetrying) return;
		if (this.mayFetch(part)) {
			part.retryAt = never;
			this.fetch(part, this.#fetchable(part, fed, passed));
		} else if (now >= part.dueAt) {
			this.ask(part, allStripes); // all others who could have it, meanwhile
		}
	}

	/** Which stripes of a part may be fetched by now: first those that others are pushed. */
	#fetchable({ dueAt }: Part, fed: number, passed: number): number {
		const { now } = this.#state;
		if (now >= dueAt + constants.SERVER_LATE) return allStripes;
		return (now >= dueAt ? allStripes : passed) & ~fed;
	}

	/** The stripes of a rendition that are pushed to somebody whom they reach. */
	#livelyWants(rendition: number): number {
		const { neighbours, now } = this.#state;
		return neighbours
			.filter((n) => !n.hasLeft && !n.isStuck(now))
			.reduce((bits, n) => bits | (n.wants[rendition] ?? 0), 0);
	}

	/** Asks who brings a stripe now for what is missing of it from before. */
	askBefore({ renditions, stripes }: Group, index: number): void {
		const { store, playhead } = this.#state;
		for (const rendition of [...renditions].sort((a, b) => a - b)) {
			const brings = this.#feed.brings(rendition);
			for (const part of store.track(rendition).latest(constants.HOLE_BACK)) {
				const isBefore = part.headAt < stripes[index]!.since && !part.isPast(playhead);
				if (isBefore) this.ask(part, (1 << index) & ~brings(part.number));
			}
		}
	}

	/** Fetches the smallest range that has all missing chunks of these stripes. */
	fetch(part: Part, stripes: number): void {
		const missing = part.missing(stripes);
		const [first] = missing;
		const last = missing.at(-1);
		if (part.isFetching || first === undefined || last === undefined) return;
		const count = last - first + 1;
		part.isFetching = true;
		part.fetchedAt = this.#state.now;
		part.range = { first, count };
		const { rendition, number } = part;
		this.#state.actions.push({ type: "fetch", rendition, number, first, count });
	}

	/** Requests the missing chunks of these stripes that nobody was asked for. */
	ask(part: Part, stripes: number): void {
		if (!part.head) return;
		const chosen = new Map<Neighbour, number[]>();
		for (const chunk of part.missing(stripes)) {
			if (this.#isCovered(part, chunk)) continue;
			const neighbour = this.#choose(part, chunk);
			if (neighbour) chosen.set(neighbour, [...(chosen.get(neighbour) ?? []), chunk]);
		}
		const { rendition, number, count } = part;
		for (const neighbour of this.#state.neighbours) {
			const list = chosen.get(neighbour);
			if (!list) continue;
			neighbour.ask(part, list);
			const chunks = list.length === count ? null : list;
			this.#state.send(neighbour, { type: "request", rendition, number, chunks });
		}
	}

	/**
	 * Whether a request is open for a chunk. One of who left does not count, nor, once the part is
	 * due, one of who brings the stripe: it says nothing where it lacks the same.
	 */
	#isCovered(part: Part, chunk: number): boolean {
		const isDue = this.#state.now >= part.dueAt;
		const from = isDue ? this.#stripe(part, chunk)?.from : null;
		return this.#state.neighbours.some((n) => n !== from && !n.hasLeft && n.isAsked(part, chunk));
	}

	/**
	 * Whom to ask for a chunk. Who brings its stripe brings it by itself, but for parts of
	 * before: of those it is the likeliest to have it, and asked first.
	 */
	#choose(part: Part, chunk: number): Neighbour | null {
		const stripe = this.#stripe(part, chunk);
		const isBefore = part.headAt < (stripe?.since ?? 0);
		const able = this.#state.neighbours.filter(
			(n) =>
				n.hasGreeted &&
				!n.hasLeft &&
				n.interest.has(part.rendition) &&
				!part.failed.has(n) &&
				(n !== stripe?.from || (isBefore && !n.isAsked(part, chunk))),
		);
		const from = able.find((n) => n === stripe?.from);
		return from ?? able.find((n) => n.id === stripe?.standby) ?? highest(able, part);
	}

	#stripe(part: Part, chunk: number): Stripe | undefined {
		return this.#state.store.track(part.rendition).group?.stripes[part.stripe(chunk)];
	}

	/** A neighbour will not bring what it should of a part (rule 6). */
	fail(neighbour: Neighbour, part: Part): void {
		part.failed.add(neighbour);
		if (part.dueAt !== never) part.askAt = Math.min(part.askAt, this.#state.now);
	}
}

/** The neighbour with the highest score for a part. */
function highest(candidates: readonly Neighbour[], part: PartName): Neighbour | null {
	if (candidates.length < 2) return candidates[0] ?? null;
	let best: Neighbour | null = null;
	let most = -1n;
	for (const candidate of candidates) {
		const value = score(candidate.id, part);
		if (value > most) [best, most] = [candidate, value];
	}
	return best;
}
