// Plans, and whom they have subscribed to (docs/protocol.md §6.1, rules 1 and 2).
import { stripes as stripeCount } from "../wire/chunks.ts";
import { bounds } from "../wire/codec.ts";
import type { Subscription } from "../wire/messages.ts";
import { Group } from "./group.ts";
import type { Neighbour } from "./neighbour.ts";
import type { State } from "./state.ts";
import { constants, never, type Plan } from "./types.ts";

export class Groups {
	readonly #state: State;

	constructor(state: State) {
		this.#state = state;
	}

	#leave(rendition: number): void {
		const track = this.#state.store.track(rendition);
		const { group } = track;
		if (group) group.renditions = group.renditions.filter((r) => r !== rendition);
		track.group = null;
	}

	#enter(rendition: number, group: Group): void {
		this.#leave(rendition);
		group.renditions.push(rendition);
		this.#state.store.track(rendition).group = group;
	}

	/** Gives every followed rendition a group after renditions came or went. */
	regroup(): void {
		const { store, groups, now } = this.#state;
		for (const group of groups) {
			const isLed = group.renditions.length > 0 && store.track(group.leader).isFollowed;
			for (const rendition of [...group.renditions])
				if (!store.track(rendition).isFollowed || (group.isPlanned && !isLed))
					this.#leave(rendition);
		}
		let loose = groups.find((group) => !group.isPlanned);
		for (const track of store.followed()) {
			if (track.group) continue;
			if (!loose) {
				loose = new Group(false, now);
				groups.push(loose);
			}
			this.#enter(track.rendition, loose);
		}
		loose?.renditions.sort((a, b) => a - b);
		this.#state.groups = groups
			.filter((group) => group.renditions.length > 0)
			.sort((a, b) => a.leader - b.leader);
	}

	/** The tracker says from whom to take the stripes of some renditions. */
	plan({ serial, renditions, stripes }: Plan): void {
		const { store, groups, now } = this.#state;
		const isFollowed = (r: number) => store.track(r).isFollowed;
		const [leader] = renditions;
		if (leader === undefined || !isFollowed(leader)) return;
		let group = store.track(leader).group;
		if (!group?.isPlanned || group.leader !== leader) {
			group = new Group(true, now);
			groups.push(group);
		} else if (serial <= group.serial) return;
		for (const rendition of [...group.renditions]) this.#leave(rendition);
		for (const rendition of new Set(renditions.filter(isFollowed))) {
			this.#enter(rendition, group);
			for (const neighbour of this.#state.neighbours) neighbour.refused[rendition] = 0;
		}
		group.serial = serial;
		for (const [index, source] of stripes.entries()) group.update(index, source, now);
		this.regroup();
	}

	/** The tracker has given another id: its plans count anew. */
	forgetSerials(): void {
		for (const group of this.#state.groups) group.serial = 0;
	}

	/** Tells every neighbour what is wanted of it, where that has changed (rule 2). */
	subscribe(): void {
		for (const neighbour of this.#state.neighbours) {
			if (!neighbour.hasGreeted) continue;
			const want = new Uint8Array(bounds.renditions);
			for (const group of this.#state.groups) this.#wanted(group, neighbour, want);
			const passed = this.#passedOn(neighbour, want);
			const isNews = want.some(
				(bits, r) => bits !== neighbour.wanted[r] || passed[r] !== neighbour.told[r],
			);
			if (isNews) this.#tell(neighbour, want, passed);
		}
	}

	/** Of what is wanted of a neighbour, what others are pushed. */
	#passedOn(but: Neighbour, want: Uint8Array): Uint8Array<ArrayBuffer> {
		const passed = new Uint8Array(want.length);
		for (const neighbour of this.#state.neighbours)
			if (neighbour !== but)
				for (const [r, bits] of want.entries()) passed[r]! |= bits & (neighbour.wants[r] ?? 0);
		return passed;
	}

	#wanted(group: Group, neighbour: Neighbour, want: Uint8Array): void {
		for (const [index, stripe] of group.stripes.entries()) {
			if (!group.wants(neighbour, index)) continue;
			for (const rendition of group.renditions)
				want[rendition] = (want[rendition] ?? 0) | (1 << index);
			const isFirst = neighbour.id === stripe.parent && !stripe.isSubscribed;
			if (!isFirst || stripe.complainAt === never) continue;
			stripe.isSubscribed = true;
			stripe.complainAt = this.#state.now + constants.BRING_WITHIN;
		}
	}

	#tell(
		neighbour: Neighbour,
		want: Uint8Array<ArrayBuffer>,
		passed: Uint8Array<ArrayBuffer>,
	): void {
		const wishes: Subscription[] = [];
		for (const [rendition, before] of neighbour.wanted.entries()) {
			const stripes = want[rendition] ?? 0;
			for (let stripe = 0; stripe < stripeCount; stripe++)
				if (((before & ~stripes) >> stripe) % 2 === 1)
					neighbour.unsubscribe(rendition, stripe, this.#state.now);
			if (stripes === 0) continue;
			const feeds = passed[rendition] ?? 0;
			if (wishes.length < bounds.wishes) wishes.push({ rendition, stripes, feeds });
			else {
				want[rendition] = 0;
				passed[rendition] = 0;
			}
		}
		neighbour.wanted = want;
		neighbour.told = passed;
		this.#state.send(neighbour, { type: "subscribe", wishes });
	}
}
