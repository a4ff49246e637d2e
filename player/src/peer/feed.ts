// What the server's feed is wanted for (docs/protocol.md §6.1, rule 3).
import type { Head } from "../wire/heads.ts";
import type { State } from "./state.ts";
import { constants, never } from "./types.ts";

interface Wish {
	/** Stripes by rendition; empty when no feed is wanted. */
	stripes: ReadonlyMap<number, number>;
	/** The plan gives all of these stripes to the server. */
	seed: boolean;
}

const nothing: Wish = { stripes: new Map(), seed: false };

const isEqual = (a: Wish, b: Wish) =>
	a.seed === b.seed &&
	a.stripes.size === b.stripes.size &&
	[...a.stripes].every(([rendition, bits]) => b.stripes.get(rendition) === bits);

/** Whether a names a rendition or a stripe that b does not. */
const isBeyond = (a: Wish, b: Wish) =>
	[...a.stripes].some(([rendition, stripes]) => {
		const others = b.stripes.get(rendition);
		return others === undefined || (stripes & ~others) !== 0;
	});

export class FeedWish {
	readonly #state: State;
	#asked = nothing;
	#wished = nothing;
	/** By rendition, the first part of what was last asked for. */
	readonly #from = new Map<number, number>();
	/** When the wish last changed, and since when it is another than what was asked. */
	#wishedAt = 0;
	#unlikeAt = never;
	/** Nothing is asked before. */
	#againAt = 0;
	/** Until then only what the plan gives to the server is wished for. */
	#modestUntil = 0;
	/** Heads come by the swarm. */
	#isHealthy = true;
	/** When the last new head of a followed rendition came. */
	#headAt = 0;
	/** Batches of peers since heads were silent. */
	#back = 0;

	constructor(state: State) {
		this.#state = state;
	}

	/** Something is followed now, and nothing was before. */
	begin(): void {
		this.#headAt = this.#state.now;
	}

	/** A new head of a followed rendition came. */
	headCame(): void {
		this.#headAt = this.#state.now;
	}

	/** A batch came from a peer. */
	countBack(heads: readonly Head[]): void {
		const { store } = this.#state;
		if (this.#isHealthy) return;
		const isOfUse = heads.some(({ rendition, number }) => {
			const track = store.track(rendition);
			return track.isFollowed && track.isRecent(number);
		});
		if (isOfUse) this.#isHealthy = ++this.#back >= constants.HEADS_BACK;
	}

	#wish(): Wish {
		const { groups, now } = this.#state;
		const stripes = new Map<number, number>();
		let all = 0;
		let seed = true;
		for (const { server, seeded, renditions } of groups) {
			const bits = now < this.#modestUntil ? server & seeded : server;
			all |= bits;
			if ((bits & ~seeded) !== 0) seed = false;
			for (const rendition of renditions) stripes.set(rendition, bits);
		}
		const isNone = stripes.size === 0 || (this.#isHealthy && all === 0);
		return isNone ? nothing : { stripes, seed };
	}

	/** Asks for another feed when that is due. */
	update(isAtOnce: boolean): void {
		const { now } = this.#state;
		const wish = this.#wish();
		if (!isEqual(wish, this.#wished)) {
			this.#wished = wish;
			this.#wishedAt = now;
		}
		if (isEqual(wish, this.#asked)) {
			this.#unlikeAt = never;
			return;
		}
		if (this.#unlikeAt === never) this.#unlikeAt = now;
		const due = isBeyond(wish, this.#asked)
			? this.#unlikeAt + constants.FEED_GROW
			: this.#wishedAt + constants.FEED_SHRINK;
		if (now < this.#againAt || (now < due && !isAtOnce)) return;
		this.#asked = wish;
		this.#unlikeAt = never;
		this.#ask(wish);
	}

	#ask({ stripes: wish, seed }: Wish): void {
		const { store, actions, playhead } = this.#state;
		const renditions = [...wish.keys()].sort((a, b) => a - b);
		const want = renditions.map((rendition) => {
			const stripes = wish.get(rendition) ?? 0;
			const from = store.track(rendition).from(stripes, playhead);
			this.#from.set(rendition, from);
			return { rendition, stripes, from };
		});
		actions.push({ type: "feed", want, seed });
	}

	/** The feed failed or ended. */
	lost(retryAfter: number): void {
		const { groups, now } = this.#state;
		const [first] = groups;
		const spread = first ? this.#state.spread(first.leader, 1, constants.SPREAD) : 0;
		const until = now + Math.max(constants.RETRY, retryAfter) + spread;
		// Refused, it may still have what others live on.
		if (retryAfter > 0 && this.#asked !== nothing && !this.#asked.seed) this.#modestUntil = until;
		else this.#againAt = until;
		this.#asked = nothing;
	}

	/**
	 * The stripes of a rendition's parts, by number, that the feed was asked for, or is about to
	 * be. What it refused, and parts before the first that it was asked for, nothing brings.
	 */
	brings(rendition: number): (number: number) => number {
		const { store, now, playhead } = this.#state;
		const track = store.track(rendition);
		const asked = this.#asked.stripes.get(rendition) ?? 0;
		const wished = now < this.#againAt ? asked : (this.#wished.stripes.get(rendition) ?? 0);
		const first = this.#from.get(rendition) ?? 0;
		const from = first < 0 ? (track.first ?? first) : first; // live began with that
		const wishedFrom = wished === asked ? 0 : track.from(wished, playhead);
		return (number) =>
			(number >= from ? asked : 0) | (wished !== asked && number >= wishedFrom ? wished : 0);
	}

	/** Heads were silent for as long as playback can bear it. */
	#isShort(leader: number): boolean {
		const { store, now, playhead, lead } = this.#state;
		const { usual } = store.track(leader);
		const end = playhead < 0 ? null : this.#end();
		if (end !== null && end - playhead <= lead) return true;
		const spread = this.#spread(leader);
		if (now - this.#headAt <= 2 * usual + constants.HEADS_SILENCE + spread) return false;
		return end === null || end - playhead <= lead + usual + spread;
	}

	/** Who would have brought a head is gone: one after it came a while ago. */
	#isOvertaken(leader: number): boolean {
		const { store, now, playhead, groups } = this.#state;
		const since = now - store.track(leader).usual - constants.HEADS_SILENCE - this.#spread(leader);
		return groups
			.flatMap(({ renditions }) => renditions)
			.some((rendition) => {
				const track = store.track(rendition);
				const hole = track.hole(playhead);
				if (hole === null) return false;
				return track.sorted().some((p) => p.head && p.number > hole && p.headAt < since);
			});
	}

	#spread(leader: number): number {
		return this.#state.spread(leader, 2, constants.HEADS_SPREAD);
	}

	/** Where what there is to play ends, by the heads; null when there is none. */
	#end(): number | null {
		const { store, groups } = this.#state;
		const ends = groups
			.flatMap(({ renditions }) => renditions)
			.map((rendition) => store.track(rendition).end)
			.filter((end) => end !== null);
		return ends.length > 0 ? Math.min(...ends) : null;
	}

	/** Sees to it that heads come; true when they have just ceased to. */
	watchHeads(): boolean {
		const { groups, now } = this.#state;
		const [first] = groups;
		if (this.#asked !== nothing || !this.#isHealthy || !first) return false;
		if (!this.#isShort(first.leader) && !this.#isOvertaken(first.leader)) return false;
		this.#isHealthy = false;
		this.#back = 0;
		for (const stripe of groups.flatMap((group) => group.stripes))
			if (now - stripe.brought >= constants.SUSPECT) stripe.server = true;
		return true;
	}
}
