// Stripes that bring nothing (docs/protocol.md §6.1, rule 4).
import { allStripes, stripes as stripeCount } from "../wire/chunks.ts";
import type { Stripes } from "../wire/messages.ts";
import type { Group, Stripe } from "./group.ts";
import type { Holes } from "./holes.ts";
import type { Neighbour } from "./neighbour.ts";
import type { State } from "./state.ts";
import { constants, never } from "./types.ts";

export class Suspicion {
	readonly #state: State;
	readonly #holes: Holes;

	constructor(state: State, holes: Holes) {
		this.#state = state;
		this.#holes = holes;
	}

	/** Does what has become due. */
	run(): void {
		for (const group of this.#state.groups) {
			const indices = [...group.stripes.keys()];
			this.#ask(
				group,
				indices.filter((index) => this.#runStripe(group, index)),
			);
		}
	}

	/** True when the stripe became suspect. */
	#runStripe(group: Group, index: number): boolean {
		const { now } = this.#state;
		const stripe = group.stripes[index]!;
		const isIdle = stripe.suspect && stripe.brought <= stripe.suspectAt;
		const becomes = !stripe.server && !isIdle && this.#isOverdue(group, index, stripe);
		if (becomes) {
			const culprit = stripe.from ?? this.#state.find(stripe.parent);
			if (culprit) this.#tell(culprit.id);
			this.#suspect(stripe);
			stripe.accuseAt = now + constants.SUSPECT_AGAIN;
		}
		if (stripe.suspect && now >= stripe.accuseAt) {
			const isThere = this.#state.find(stripe.parent) !== undefined;
			stripe.accuseAt = isThere ? now + constants.SUSPECT_AGAIN : never;
			if (isThere) this.#tell(stripe.parent);
		}
		if (stripe.suspect && !stripe.server && stripe.brought <= stripe.suspectAt) {
			const spread = this.#state.spread(group.leader, 0, constants.SPREAD);
			const hasStandby = group.isUsable(this.#state.find(stripe.standby), index);
			const wait = spread + (hasStandby ? constants.STANDBY_WAIT : 0);
			stripe.server = now >= stripe.suspectAt + wait;
		}
		if (now >= stripe.complainAt) {
			stripe.complainAt = never;
			if (stripe.from?.id !== stripe.parent) this.#tell(stripe.parent);
		}
		return becomes;
	}

	#tell(peer: string): void {
		this.#state.actions.push({ type: "suspect", peer });
	}

	#isOverdue(group: Group, index: number, { brought, from }: Stripe): boolean {
		const { store, now } = this.#state;
		// A long keyframe and a lost packet are no reason, unless the tracker says that it left.
		const [parts, since] = from?.hasLeft ? [1, constants.SUSPECT_GONE] : [2, constants.SUSPECT];
		if (now - brought < parts * store.track(group.leader).usual + since) return false;
		return group.renditions.some((rendition) => {
			const latest = store.track(rendition).latest(constants.SUSPECT_PARTS);
			const missing = latest.filter((part) => part.missing(1 << index).length > 0);
			return missing.length >= parts && missing.some((part) => now - part.headAt >= since);
		});
	}

	/** Turns to a stripe's standby. */
	#suspect(stripe: Stripe): void {
		stripe.suspect = true;
		stripe.suspectAt = this.#state.now;
		stripe.accuseAt = never;
	}

	/** Asks for what is missing of stripes that became suspect. */
	#ask(group: Group, indices: readonly number[]): void {
		const stripes = indices.reduce((bits, index) => bits | (1 << index), 0);
		if (stripes === 0) return;
		for (const rendition of [...group.renditions].sort((a, b) => a - b))
			for (const part of this.#state.store.track(rendition).latest(constants.SUSPECT_PARTS))
				this.#holes.ask(part, stripes);
	}

	/** A neighbour closed: it brings nothing any more. */
	closed(neighbour: Neighbour): void {
		for (const group of this.#state.groups) this.#abandon(neighbour, group, allStripes, false);
	}

	#abandon(neighbour: Neighbour, group: Group, stripes: number, isRefusal: boolean): void {
		const suspects = [...group.stripes.keys()].filter((index) => {
			const stripe = group.stripes[index]!;
			const isConcerned =
				stripe.from === neighbour || (isRefusal && stripe.parent === neighbour.id);
			if ((stripes >> index) % 2 === 0 || !isConcerned) return false;
			if (stripe.from === neighbour) stripe.from = null;
			if (!stripe.server) this.#suspect(stripe);
			return !stripe.server;
		});
		this.#ask(group, suspects);
	}

	/** A neighbour will not push these stripes. */
	refused(neighbour: Neighbour, { rendition, stripes }: Stripes): void {
		const wanted = neighbour.wanted[rendition] ?? 0;
		const { group } = this.#state.store.track(rendition);
		for (let index = 0; index < stripeCount; index++)
			if (((wanted & stripes) >> index) % 2 === 1)
				neighbour.unsubscribe(rendition, index, this.#state.now);
		neighbour.wanted[rendition] = wanted & ~stripes;
		neighbour.refused[rendition] = (neighbour.refused[rendition] ?? 0) | stripes;
		if (group) this.#abandon(neighbour, group, stripes, true);
	}
}
