// What comes in: heads, chunks from all sides, and the end of parts (docs/protocol.md
// §6 and §6.1, rules 5, 9 and 10).
import { allStripes } from "../wire/chunks.ts";
import type { Head } from "../wire/heads.ts";
import type { PartName } from "../wire/messages.ts";
import type { Group } from "./group.ts";
import type { Holes } from "./holes.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Part, Piece } from "./part.ts";
import type { State } from "./state.ts";
import type { Track } from "./store.ts";
import { constants, never } from "./types.ts";
import type { Uploads } from "./uploads.ts";

export class Intake {
	/** Parts that the server made whole, and those that peers did. */
	httpParts = 0;
	p2pParts = 0;
	readonly #state: State;
	readonly #uploads: Uploads;
	readonly #holes: Holes;

	constructor(state: State, uploads: Uploads, holes: Holes) {
		this.#state = state;
		this.#uploads = uploads;
		this.#holes = holes;
	}

	/** Notes a head; returns its part when the head was not known. */
	note(head: Head, isFed: boolean): Part | null {
		const { store, now } = this.#state;
		const track = store.track(head.rendition);
		store.advance(head, (part) => this.forget(part, true));
		if (isFed && track.isFollowed) this.#begin(track, head.number);
		if (!track.reaches(head.number)) return null;
		const part = track.make(head.number);
		if (part.head) return null;
		part.head = head;
		part.headAt = now;
		return part;
	}

	/**
	 * From this part on a rendition comes (rule 3). What playback asked for of the time
	 * before is looked for among peers first.
	 */
	#begin(track: Track, number: number): void {
		if (track.first !== null) return;
		track.first = number;
		const { now } = this.#state;
		for (const part of track.sorted()) {
			const isMissing = part.head && !part.isWhole && !part.isGone;
			if (part.isDemanded && part.number < number && isMissing) {
				part.isSought = true;
				part.askAt = now;
				part.dueAt = now + constants.ASK_LEAD;
				part.passAt = part.dueAt;
			}
			this.#holes.setDue(part);
		}
	}

	/** Begins what the feed did not, once peers have brought all stripes. */
	#beginByPeers({ stripes, renditions }: Group): void {
		if (stripes.some(({ from }) => !from)) return;
		for (const track of renditions.map((r) => this.#state.store.track(r)))
			if (track.newest !== null) this.#begin(track, track.newest + 1);
	}

	/** A head of a followed rendition came: what waited is checked. Returns who lied. */
	headCame(part: Part): Neighbour[] {
		if (part.head?.gap) {
			this.#gap(part);
			return [];
		}
		this.#holes.setDue(part);
		const { waiting } = part;
		part.waiting = [];
		const wrong: Neighbour[] = [];
		for (const piece of waiting) {
			piece.from.waiting -= piece.bytes.length;
			if (!this.take(part, piece)) wrong.push(piece.from);
		}
		return wrong;
	}

	/** A part without media is whole when its head comes (rule 10). */
	#gap(part: Part): void {
		this.#uploads.drop(part);
		this.#dropWaiting(part);
		part.isWhole = true;
		this.#settle(part);
		this.#deliver(part);
	}

	/** Keeps a chunk until its head comes. */
	wait(part: Part, piece: Piece): void {
		const { from, chunk } = piece;
		if (part.waiting.some((other) => other.chunk === chunk && other.from === from)) return;
		from.waiting += piece.bytes.length;
		part.waiting.push(piece);
	}

	/** Takes a neighbour's chunk of a part with a head; false when it is wrong. */
	take(part: Part, piece: Piece): boolean {
		if (part.isGone || part.head?.gap) return true;
		if (!part.isRight(piece.chunk, piece.bytes)) return false;
		if (piece.isPushed) this.#credit(part, piece);
		if (this.#keep(part, piece.chunk, piece.bytes, piece)) this.p2pParts++;
		return true;
	}

	/** What a chunk that was pushed says of the one who pushed it (rules 2 and 8). */
	#credit(part: Part, { from, chunk }: Piece): void {
		const { store, now } = this.#state;
		const track = store.track(part.rendition);
		if (!track.group) return;
		if (now - part.headAt > constants.LATE) from.late++;
		const index = part.stripe(chunk);
		// Who is slow is not silent.
		track.group.stripes[index]!.brought = now;
		if (!track.isRecent(part.number)) return;
		if (!from.isSubscribed(part.rendition, index)) return;
		const isNew = track.group.confirm(index, from, part.headAt);
		if (isNew) this.#holes.askBefore(track.group, index);
		if (track.first === null) this.#beginByPeers(track.group);
	}

	/** Takes a right chunk, unless it is held; true when the part became whole by it. */
	#keep(part: Part, chunk: number, bytes: Uint8Array, piece: Piece | null): boolean {
		if (part.isWhole || part.has(chunk)) return false;
		part.keep(chunk, bytes);
		this.#uploads.passOn(part, chunk, piece);
		if (!part.hasAll) return false;
		part.isWhole = true;
		this.#settle(part);
		this.#deliver(part);
		return true;
	}

	/** A chunk came in the feed. */
	feedData(name: PartName, chunk: number, bytes: Uint8Array): void {
		const { store, now } = this.#state;
		const track = store.track(name.rendition);
		const part = track.get(name.number);
		if (!part?.head || !track.isFollowed) return;
		this.#begin(track, part.number);
		if (!part.isRight(chunk, bytes)) {
			this.#state.rejected++;
			return;
		}
		const stripe = track.group?.stripes[part.stripe(chunk)];
		if (stripe && track.isRecent(part.number)) {
			stripe.brought = now;
			if (stripe.parent === "") stripe.from = null;
		}
		if (!part.isGone && this.#keep(part, chunk, bytes, null)) this.httpParts++;
	}

	/** A fetch has given these bytes. */
	fetched(name: PartName, bytes: Uint8Array): void {
		const { store, now } = this.#state;
		const part = store.get(name);
		if (!part?.isFetching) return;
		part.isFetching = false;
		this.#holes.learn(now - part.fetchedAt);
		store.track(part.rendition).refusedUntil = 0;
		const pieces = part.cut(bytes);
		let isRight = pieces !== null;
		for (const piece of pieces ?? []) {
			if (!part.isRight(piece.chunk, piece.bytes)) isRight = false;
			else if (this.#keep(part, piece.chunk, piece.bytes, null)) this.httpParts++;
		}
		if (isRight) return;
		this.#state.rejected++;
		part.retryAt = now + constants.RETRY;
	}

	fetchFailed(name: PartName, isGone: boolean, retryAfter: number): void {
		const part = this.#state.store.get(name);
		if (!part?.isFetching) return;
		part.isFetching = false;
		if (!isGone) {
			if (retryAfter > 0) this.#holes.refused(part, retryAfter);
			part.retryAt = retryAfter > 0 ? never : this.#state.now + constants.RETRY;
			return;
		}
		part.isGone = true;
		this.forget(part, false);
		this.#emit("lost", part);
	}

	/** Playback asks for a part. */
	demand(name: PartName): void {
		const { store, now } = this.#state;
		const track = store.track(name.rendition);
		if (!track.isFollowed || track.newest === null) return;
		if (name.number > track.newest + constants.AHEAD) return;
		if (name.number < track.oldest) return this.#emit("lost", name);
		const part = track.make(name.number);
		part.isDemanded = true;
		if (part.isWhole) return this.#deliver(part);
		if (part.isGone) return this.#emit("lost", part);
		if (!part.head || track.first === null || track.wants(part)) return;
		part.isSought = true;
		part.dueAt = now;
		part.passAt = now;
		if (this.#holes.mayFetch(part)) this.#holes.fetch(part, allStripes);
	}

	/** Playback went on elsewhere, and does not ask for a part any more. */
	release(name: PartName): void {
		const part = this.#state.store.get(name);
		if (!part) return;
		part.isDemanded = false;
		part.isSought = false;
	}

	/** Ends all that is under way for a part. */
	forget(part: Part, isMissed: boolean): void {
		this.#settle(part);
		this.#uploads.refuse(part);
		if (isMissed && part.isDemanded && !part.isWhole && !part.isGone) this.#emit("lost", part);
		this.#dropWaiting(part);
	}

	/** Drops all of a rendition but its heads. */
	unfollow(track: Track): void {
		this.#uploads.end(track.rendition);
		for (const part of track.sorted()) {
			this.forget(part, false);
			track.parts.delete(part.number);
			if (!part.head) continue;
			const again = track.make(part.number);
			again.head = part.head;
			again.headAt = part.headAt;
			again.passed = part.passed;
		}
	}

	#dropWaiting(part: Part): void {
		for (const piece of part.waiting) piece.from.waiting -= piece.bytes.length;
		part.waiting = [];
	}

	/** Aborts a part's fetch and takes back the requests for it. */
	#settle(part: Part): void {
		if (part.isFetching) this.#emit("abortFetch", part);
		part.isFetching = false;
		part.retryAt = never;
		part.dueAt = never;
		part.askAt = never;
		part.passAt = never;
		const { rendition, number, count } = part;
		for (const neighbour of this.#state.neighbours) {
			const chunks = neighbour.takeBack(part, count, this.#state.now);
			if (chunks !== undefined)
				this.#state.send(neighbour, { type: "cancel", rendition, number, chunks });
		}
	}

	#deliver({ rendition, number, bytes }: Part): void {
		this.#state.actions.push({ type: "part", rendition, number, bytes });
	}

	#emit(type: "abortFetch" | "lost", { rendition, number }: PartName): void {
		this.#state.actions.push({ type, rendition, number });
	}
}
