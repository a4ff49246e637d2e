// What is missing of parts: whom to ask for it, and when (docs/protocol.md §6.1, rule 5).
import { allStripes } from "../wire/chunks.ts";
import type { PartName } from "../wire/messages.ts";
import { key, type Neighbour } from "./neighbour.ts";
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

	constructor(state: State) {
		this.#state = state;
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

	/** Does what has become due; `fed` names the stripes of a rendition that the feed brings. */
	run(fed: (rendition: number) => number): void {
		for (const track of this.#state.store.followed()) {
			const stripes = allStripes & ~fed(track.rendition);
			for (const part of track.sorted()) {
				if (part.dueAt === never || part.isWhole || part.isGone) continue;
				if (part.isPast(this.#state.playhead)) continue;
				this.#runPart(part, stripes);
			}
		}
	}

	#runPart(part: Part, stripes: number): void {
		const { now } = this.#state;
		if (now >= part.askAt) {
			part.askAt = never;
			this.ask(part, stripes);
		}
		const isRetrying = part.retryAt !== never && now < part.retryAt;
		if (part.isFetching || now < part.dueAt || isRetrying) return;
		// All others who could have it are asked meanwhile.
		if (!this.mayFetch(part)) return this.ask(part, allStripes);
		part.retryAt = never;
		this.fetch(part, now >= part.dueAt + constants.SERVER_LATE ? allStripes : stripes);
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
			const neighbour = this.#choose(part, part.stripe(chunk));
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

	#isCovered(part: Part, chunk: number): boolean {
		const name = key(part);
		return this.#state.neighbours.some((n) => n.asked.get(name)?.open.has(chunk));
	}

	/** Whom to ask for a chunk of a stripe. */
	#choose(part: Part, index: number): Neighbour | null {
		const stripe = this.#state.store.track(part.rendition).group?.stripes[index];
		const able = this.#state.neighbours.filter(
			(n) =>
				n.hasGreeted && n !== stripe?.from && n.interest.has(part.rendition) && !part.failed.has(n),
		);
		const standby = able.find((n) => n.id === stripe?.standby);
		return standby ?? highest(able, part);
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
