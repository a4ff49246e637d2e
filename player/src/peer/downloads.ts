// Getting parts: who is asked, when, and what to do when it fails (docs/protocol.md
// §6.1, rules 1 to 6).
import { bounds } from "../wire/codec.ts";
import type { PartName } from "../wire/messages.ts";
import { highest, score } from "./duty.ts";
import type { Neighbour } from "./neighbour.ts";
import type { Part, Waiting } from "./part.ts";
import type { State } from "./state.ts";
import type { Track } from "./store.ts";
import { constants } from "./types.ts";
import type { Uploads } from "./uploads.ts";

const never = Number.POSITIVE_INFINITY;

export class Downloads {
	/** Parts that became whole and are to be told of. */
	news: PartName[] = [];
	readonly #state: State;
	readonly #uploads: Uploads;

	constructor(state: State, uploads: Uploads) {
		this.#state = state;
		this.#uploads = uploads;
	}

	/** Sees to the parts up to the one after the newest head (rule 2). */
	ahead(track: Track): void {
		if (track.newest === null || !track.isFollowed) return;
		const last = track.newest + 1;
		const first =
			track.seenTo === null ? last : Math.max(track.seenTo + 1, last - constants.AHEAD + 1);
		for (let number = Math.max(0, first); number <= last; number++) this.#seeTo(track.make(number));
		track.seenTo = Math.max(track.seenTo ?? 0, last);
	}

	#seeTo(part: Part): void {
		if (part.isSought || part.isWhole || part.isLost) return;
		part.isSought = true;
		this.#byDuty(part);
		this.#arm(part);
	}

	/** Gets the part from the one whose duty it is (rule 1). */
	#byDuty(part: Part): void {
		const { id, lends } = this.#state;
		const owner = this.#best(part, () => true);
		const isMine = !owner || (lends && score(id, part) > score(owner.id, part));
		if (isMine) this.#fetch(part);
		else this.#ask(owner, part, null);
	}

	/** The neighbour with the highest score of those that can have the part and please. */
	#best(part: Part, pleases: (neighbour: Neighbour) => boolean): Neighbour | null {
		const able = this.#state.neighbours.filter(
			(n) => n.hasGreeted && n.interest.has(part.rendition) && !part.failed.has(n) && pleases(n),
		);
		return highest(able, part);
	}

	/** Another neighbour that said it has the part and is not asked for it. */
	#second(part: Part): Neighbour | null {
		return this.#best(part, (n) => n.holds(part) && !n.isAsked(part, part.count));
	}

	#ask(neighbour: Neighbour, part: Part, chunks: number[] | null): void {
		neighbour.ask(part, chunks);
		const { rendition, number } = part;
		this.#state.send(neighbour, { type: "request", rendition, number, chunks });
	}

	#fetch(part: Part): void {
		part.isFetching = true;
		part.retryAt = never;
		this.#emit("fetch", part);
	}

	/**
	 * Starts a part's patience, at the later one of the moments that its head came and
	 * that the peer saw to it (rule 3).
	 */
	#arm(part: Part): void {
		if (!part.head || part.isWhole || !part.isSought) return;
		const { HTTP_LEAD, PATIENCE_MIN, PATIENCE_MAX } = constants;
		const { buffer, now } = this.#state;
		const patience = Math.min(PATIENCE_MAX, Math.max(PATIENCE_MIN, buffer - HTTP_LEAD));
		part.halfAt = now + Math.floor(patience / 2);
		part.dueAt = now + patience;
	}

	/** What has become due for a part (rules 3 and 5). */
	due(part: Part): void {
		if (part.isSettled) return;
		const { now } = this.#state;
		if (part.retryAt <= now) this.#fetch(part);
		if (part.halfAt <= now) {
			part.halfAt = never;
			this.#askAnother(part);
		}
		if (part.dueAt <= now) {
			part.dueAt = never;
			if (!part.isPending) this.#fetch(part);
		}
	}

	#askAnother(part: Part): void {
		const missing = part.missing();
		if (part.isPending || missing.length === 0) return;
		const other = this.#second(part);
		if (other) this.#ask(other, part, missing.length === part.count ? null : missing);
	}

	/** Playback asks for a part. */
	demand(name: PartName): void {
		const track = this.#state.store.track(name.rendition);
		if (!track.isFollowed || track.newest === null) return;
		if (name.number > track.newest + constants.AHEAD) return;
		if (name.number < track.oldest) return this.#emit("lost", name);
		const part = track.make(name.number);
		part.isDemanded = true;
		if (part.isWhole) return this.#deliver(part);
		if (part.isLost) return this.#emit("lost", part);
		if (part.isPending || this.#isAsked(part)) return;
		part.isSought = true;
		this.#fetch(part);
		this.#arm(part);
	}

	#isAsked(part: Part): boolean {
		return this.#state.neighbours.some((n) => n.isAsked(part, part.count));
	}

	/** A neighbour will not deliver what it was asked for (rule 4). */
	fail(neighbour: Neighbour, part: Part): void {
		part.failed.add(neighbour);
		if (part.isSettled || part.isPending) return;
		const wanted = part.head ? this.#uncovered(part) : [];
		if (part.head ? wanted.length === 0 : this.#isAsked(part)) return;
		const other = this.#second(part);
		if (other) this.#ask(other, part, wanted.length === (part.count ?? 0) ? null : wanted);
		else if (part.head) this.#fetch(part);
		else this.#byDuty(part);
	}

	/** Missing chunks that no open request covers. */
	#uncovered(part: Part): number[] {
		const open = this.#state.neighbours
			.map((n) => n.asked.get(`${part.rendition}/${part.number}`)?.open)
			.filter((set) => set !== undefined);
		return part.missing().filter((chunk) => !open.some((set) => set.has(chunk)));
	}

	/** A part's head came: what waited for it is checked. Returns who sent wrong bytes. */
	headCame(part: Part): Neighbour[] {
		if (part.head?.gap) {
			this.#gap(part);
			return [];
		}
		this.#arm(part);
		const { early, waiting } = part;
		part.early = null;
		part.waiting = [];
		if (early) this.#takeWhole(part, early);
		const wrong: Neighbour[] = [];
		for (const piece of waiting) {
			piece.from.waiting -= piece.bytes.length;
			if (!this.#takeChunk(part, piece)) wrong.push(piece.from);
		}
		return wrong;
	}

	/** A part without media is whole when its head comes (rule 9). */
	#gap(part: Part): void {
		this.#uploads.drop(part);
		for (const piece of part.waiting) piece.from.waiting -= piece.bytes.length;
		part.waiting = [];
		part.early = null;
		part.isWhole = true;
		this.#settle(part);
		this.#deliver(part);
	}

	/** Takes a chunk that was asked for; false when it is wrong. */
	chunk(part: Part, piece: Waiting): boolean {
		if (part.head) return this.#takeChunk(part, piece);
		if (part.waiting.some((other) => other.chunk === piece.chunk)) return true;
		piece.from.waiting += piece.bytes.length;
		part.waiting.push(piece);
		return true;
	}

	#takeChunk(part: Part, { chunk, bytes }: Waiting): boolean {
		if (part.isWhole || part.isLost || part.has(chunk)) return true;
		if (!part.isRight(chunk, bytes)) return false;
		part.keep(chunk, bytes);
		this.#uploads.passOn(part, chunk);
		if (part.hasAll) this.#complete(part);
		return true;
	}

	/** Takes a part that came over HTTP (rule 6). */
	#takeWhole(part: Part, bytes: Uint8Array): void {
		const fresh = part.keepAll(bytes);
		if (!fresh) return this.#reject(part);
		for (const chunk of fresh) this.#uploads.passOn(part, chunk);
		this.#complete(part);
	}

	#reject(part: Part): void {
		this.#state.rejected++;
		part.retryAt = this.#state.now + constants.RETRY;
	}

	fetched(name: PartName, bytes: Uint8Array): void {
		const part = this.#state.store.get(name);
		if (!part?.isFetching) return;
		part.isFetching = false;
		if (part.head) this.#takeWhole(part, bytes);
		else if (bytes.length === 0 || bytes.length > bounds.part) this.#reject(part);
		else part.early = bytes;
	}

	fetchFailed(name: PartName, gone: boolean): void {
		const part = this.#state.store.get(name);
		if (!part?.isFetching) return;
		part.isFetching = false;
		if (!gone || !part.head) {
			part.retryAt = this.#state.now + constants.RETRY;
			return;
		}
		part.isLost = true;
		this.forget(part, false);
		this.#emit("lost", part);
	}

	#complete(part: Part): void {
		part.isWhole = true;
		this.#settle(part);
		this.#deliver(part);
		if (this.#state.lends) this.news.push({ rendition: part.rendition, number: part.number });
	}

	#deliver(part: Part): void {
		const { rendition, number, bytes } = part;
		this.#state.actions.push({ type: "part", rendition, number, bytes });
	}

	/** Ends all that is under way for a part. */
	forget(part: Part, isMissed: boolean): void {
		this.#settle(part);
		this.#uploads.refuse(part);
		if (isMissed && part.isDemanded && !part.isWhole && !part.isLost) this.#emit("lost", part);
		for (const piece of part.waiting) piece.from.waiting -= piece.bytes.length;
		part.waiting = [];
	}

	/** Aborts a part's fetch and takes back the requests for it. */
	#settle(part: Part): void {
		if (part.isFetching) this.#emit("abortFetch", part);
		part.isFetching = false;
		part.retryAt = never;
		const { rendition, number, count } = part;
		for (const neighbour of this.#state.neighbours) {
			const chunks = neighbour.takeBack(part, count, this.#state.now);
			if (chunks !== undefined)
				this.#state.send(neighbour, { type: "cancel", rendition, number, chunks });
		}
	}

	#emit(type: "fetch" | "abortFetch" | "lost", { rendition, number }: PartName): void {
		this.#state.actions.push({ type, rendition, number });
	}
}
