// Renditions that share what brings their stripes (docs/protocol.md §6.1, rule 1).
import { stripes as stripeCount } from "../wire/chunks.ts";
import type { Neighbour } from "./neighbour.ts";
import { constants, never, type Source } from "./types.ts";

export interface Stripe extends Source {
	/** The neighbour that brings it. */
	from: Neighbour | null;
	/** The feed brings it. */
	server: boolean;
	suspect: boolean;
	suspectAt: number;
	/** When its parent is told of again, while it is suspect. */
	accuseAt: number;
	/** When it last brought something. */
	brought: number;
	/** The head's time of the first part that `from` brought. */
	since: number;
	/** When the parent is complained of. */
	complainAt: number;
	/** To the parent, since the plan that named it. */
	isSubscribed: boolean;
}

const bitsOf = (flags: boolean[]) =>
	flags.reduce((bits, isSet, s) => bits | (isSet ? 1 << s : 0), 0);

export class Group {
	/** The first one leads. */
	renditions: number[] = [];
	readonly isPlanned: boolean;
	serial = 0;
	readonly stripes: readonly Stripe[];

	constructor(isPlanned: boolean, now: number) {
		this.isPlanned = isPlanned;
		this.stripes = Array.from({ length: stripeCount }, () => ({
			...{ parent: "", standby: "", from: null, server: true, suspect: false },
			...{ suspectAt: 0, accuseAt: never, brought: now, since: 0 },
			...{ complainAt: never, isSubscribed: false },
		}));
	}

	get leader(): number {
		return this.renditions[0] ?? 0;
	}

	/** The stripes that the feed brings, as bits. */
	get server(): number {
		return bitsOf(this.stripes.map(({ server }) => server));
	}

	/** The stripes that the plan gives to the server, as bits. */
	get seeded(): number {
		const isSeeded = ({ parent }: Stripe) => this.isPlanned && parent === "";
		return bitsOf(this.stripes.map(isSeeded));
	}

	/** Takes a plan for one stripe. */
	update(index: number, { parent, standby }: Source, now: number): void {
		const stripe = this.stripes[index]!;
		if (parent !== stripe.parent) {
			stripe.complainAt = now + constants.OPEN_WITHIN;
			stripe.isSubscribed = false;
		}
		stripe.parent = parent;
		stripe.standby = standby;
		if (parent === "") {
			stripe.server = true;
			stripe.suspect = false;
			stripe.complainAt = never;
		} else if (stripe.from?.id === parent) {
			stripe.suspect = false;
			stripe.complainAt = never;
		}
	}

	/** Whether a neighbour may be subscribed to for a stripe (rule 2). */
	isUsable(neighbour: Neighbour | undefined, index: number): boolean {
		if (!neighbour?.hasGreeted) return false;
		return this.renditions.every((r) => ((neighbour.refused[r] ?? 0) & (1 << index)) === 0);
	}

	/** Whether a stripe is wanted of a neighbour. */
	wants(neighbour: Neighbour, index: number): boolean {
		const { parent, standby, from, suspect } = this.stripes[index]!;
		const { id } = neighbour;
		const isWanted = id === parent || neighbour === from || (suspect && id === standby);
		return isWanted && this.isUsable(neighbour, index);
	}

	/** A subscription brought a chunk of a stripe; true when the neighbour is `from` by that. */
	confirm(index: number, neighbour: Neighbour, headAt: number): boolean {
		const stripe = this.stripes[index]!;
		const before = stripe.from;
		if (neighbour.id === stripe.parent) {
			stripe.from = neighbour;
			stripe.server = false;
			stripe.suspect = false;
			stripe.complainAt = never;
		} else {
			const takesOver = !before || (stripe.suspect && before !== neighbour);
			if (takesOver) stripe.from = neighbour;
			if (stripe.from === neighbour && stripe.parent !== "") stripe.server = false;
		}
		const isNew = stripe.from === neighbour && before !== neighbour;
		if (isNew) stripe.since = headAt;
		return isNew;
	}
}
