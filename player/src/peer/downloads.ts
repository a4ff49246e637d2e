// Getting parts: who is asked, when, and what to do when it fails (docs/protocol.md
// §6.1, rules 1 to 6, 8 and 9).
import type { Head } from "../wire/heads.ts";
import { bye, type PartName } from "../wire/messages.ts";
import { Ask } from "./ask.ts";
import type { CoreOptions, Turn } from "./core.ts";
import { highest } from "./duty.ts";
import type { Neighbours } from "./neighbours.ts";
import { Part } from "./part.ts";
import { constants } from "./types.ts";
import type { Uploads } from "./uploads.ts";

/** What is known of one rendition. */
interface Track {
	heads: Map<number, Head>;
	/** Number of the newest head, -1 before the first. */
	newest: number;
	/** The highest number that was seen to, -1 for none since it is followed. */
	seen: number;
	parts: Map<number, Part>;
}

/** Why a connection has to end. */
export interface Fault {
	code: number;
	reason: string;
}

export class Downloads {
	id: string;
	buffer = 0;
	rejected = 0;
	/** Set once, right after both exist. */
	uploads!: Uploads;

	readonly #turn: Turn;
	readonly #neighbours: Neighbours;
	readonly #lends: boolean;
	readonly #tracks = new Map<number, Track>();
	#followed: number[] = [];

	constructor(turn: Turn, neighbours: Neighbours, options: CoreOptions) {
		this.#turn = turn;
		this.#neighbours = neighbours;
		this.#lends = options.upload >= 0;
		this.id = options.id;
	}

	get(name: PartName): Part | undefined {
		return this.#tracks.get(name.rendition)?.parts.get(name.number);
	}

	/** All parts that are held, by rendition and number. */
	held(): PartName[] {
		return this.#parts()
			.filter((part) => part.isWhole)
			.map(({ rendition, number }) => ({ rendition, number }));
	}

	/** Whether a neighbour's request for a part can be kept (docs/protocol.md §6, request). */
	offers(name: PartName): boolean {
		const track = this.#tracks.get(name.rendition);
		if (!track || track.newest < 0 || !this.#lends) return false;
		if (!this.#followed.includes(name.rendition)) return false;
		if (name.number > track.newest + constants.AHEAD) return false;
		if (name.number <= track.newest - constants.STORE) return false;
		if (!track.heads.has(name.number)) return true;
		const part = track.parts.get(name.number);
		return part !== undefined && (part.isWhole || part.isFetched || part.isAsked);
	}

	follow(renditions: readonly number[]): void {
		const next = [...new Set(renditions)].sort((a, b) => a - b);
		const before = this.#followed;
		this.#followed = next;
		for (const rendition of before) if (!next.includes(rendition)) this.#unfollow(rendition);
		for (const rendition of next) if (!before.includes(rendition)) this.#ahead(rendition);
	}

	#unfollow(rendition: number): void {
		const track = this.#track(rendition);
		track.seen = -1;
		for (const part of [...track.parts.values()]) this.#forget(part, false);
		this.uploads.expire(rendition, Number.POSITIVE_INFINITY);
	}

	/** Takes verified heads; returns the neighbours that turn out to have sent wrong bytes. */
	heads(heads: readonly Head[]): string[] {
		const polluters = new Set<string>();
		const advanced = new Set<number>();
		for (const head of heads) {
			const track = this.#track(head.rendition);
			if (track.heads.has(head.number) || head.number <= track.newest - constants.STORE) continue;
			track.heads.set(head.number, head);
			if (head.number > track.newest) {
				track.newest = head.number;
				advanced.add(head.rendition);
			}
			if (this.#followed.includes(head.rendition)) {
				for (const polluter of this.#known(track, head)) polluters.add(polluter);
			}
		}
		for (const rendition of advanced) {
			this.#expire(rendition);
			if (this.#followed.includes(rendition)) this.#ahead(rendition);
		}
		return [...polluters];
	}

	/** The head of a part of a followed rendition came. */
	#known(track: Track, head: Head): string[] {
		const part = track.parts.get(head.number) ?? (head.gap ? this.#part(head) : undefined);
		if (!part) return [];
		part.head = head;
		this.#arm(part);
		if (part.isWhole) {
			this.uploads.drop(part);
			this.#complete(part);
			return [];
		}
		const polluters = this.#unpack(part);
		if (part.early) {
			const bytes = part.early;
			part.early = null;
			if (!part.isWhole) this.#acceptWhole(part, bytes);
		}
		return polluters;
	}

	/** Checks the chunks that came before the head. */
	#unpack(part: Part): string[] {
		const polluters: string[] = [];
		for (const { peer, chunk, bytes } of part.waiting.splice(0)) {
			const neighbour = this.#neighbours.get(peer);
			if (neighbour) neighbour.waiting -= bytes.length;
			if (part.take(chunk, bytes) === "wrong") {
				this.rejected++;
				polluters.push(peer);
			}
		}
		this.uploads.serve(part);
		if (part.isWhole) this.#complete(part);
		return polluters;
	}

	/** Sees to the parts after the newest head (rule 2). */
	#ahead(rendition: number): void {
		const track = this.#track(rendition);
		if (track.newest < 0) return;
		const last = track.newest + 1;
		const first = track.seen < 0 ? last : Math.max(track.seen, last - constants.AHEAD) + 1;
		for (let number = first; number <= last; number++) this.#seeTo({ rendition, number });
		track.seen = Math.max(track.seen, last);
	}

	#seeTo(name: PartName): void {
		const part = this.#part(name);
		part.seenAt ??= this.#turn.now;
		this.#arm(part);
		if (!part.isWhole && !part.lost && !part.isFetched && !part.isAsked) this.#assign(part);
	}

	/** Works out when others are asked, once the part was seen to and its head is known. */
	#arm(part: Part): void {
		if (part.seenAt === null || !part.head || part.dueAt !== null) return;
		const { HTTP_LEAD, PATIENCE_MIN, PATIENCE_MAX } = constants;
		const patience = Math.min(PATIENCE_MAX, Math.max(PATIENCE_MIN, this.buffer - HTTP_LEAD));
		part.halfAt = this.#turn.now + Math.floor(patience / 2);
		part.dueAt = this.#turn.now + Math.floor(patience);
	}

	/** Gets the part from the one whose duty it is (rule 1). */
	#assign(part: Part): void {
		const others = [...this.#neighbours]
			.filter((n) => n.hasGreeted && n.interest.has(part.rendition) && !part.failed.has(n.id))
			.map((n) => n.id);
		const candidates = this.#lends || others.length === 0 ? [this.id, ...others] : others;
		const duty = highest(candidates, part);
		if (duty === null || duty === this.id) this.#fetch(part);
		else if (!part.asks.get(duty)?.isPending(part.count)) this.#ask(part, duty, null);
	}

	#ask(part: Part, peer: string, chunks: number[] | null): void {
		const { rendition, number } = part;
		part.asks.set(peer, new Ask(chunks));
		this.#neighbours.send(peer, { type: "request", rendition, number, chunks });
	}

	/** The neighbour that said it has the part, was not asked and has not failed it. */
	#helper(part: Part): string | null {
		const able = [...this.#neighbours].filter(
			(n) => n.hasGreeted && n.holds(part) && !part.asks.has(n.id) && !part.failed.has(n.id),
		);
		return highest(
			able.map((n) => n.id),
			part,
		);
	}

	#fetch(part: Part): void {
		part.fetching = true;
		part.retryAt = null;
		this.#emit("fetch", part);
	}

	/** What has become due: retries, second requests, rescues (rules 3 and 5). */
	due(): void {
		const { now } = this.#turn;
		for (const part of this.#parts()) {
			if (part.isWhole || part.lost) continue;
			if (part.retryAt !== null && part.retryAt <= now) this.#fetch(part);
			if (part.halfAt !== null && part.halfAt <= now && !part.isFetched) {
				part.halfAt = null;
				const helper = this.#helper(part);
				if (helper) this.#ask(part, helper, part.missing());
			}
			if (part.dueAt !== null && part.dueAt <= now && !part.isFetched) {
				part.dueAt = Number.POSITIVE_INFINITY;
				this.#fetch(part);
			}
		}
	}

	demand(name: PartName): void {
		const track = this.#tracks.get(name.rendition);
		if (!track || !this.#followed.includes(name.rendition)) return;
		if (name.number > track.newest + constants.AHEAD) return;
		if (name.number <= track.newest - constants.STORE) return this.#emit("lost", name);
		const part = this.#part(name);
		if (part.isWhole) return this.#deliver(part);
		if (part.lost) return this.#emit("lost", part);
		part.demanded = true;
		if (!part.isFetched && !part.isAsked) this.#fetch(part);
	}

	fetched(name: PartName, bytes: Uint8Array): void {
		const part = this.get(name);
		if (!part?.fetching) return;
		part.fetching = false;
		if (part.head) this.#acceptWhole(part, bytes);
		else part.early = bytes;
	}

	#acceptWhole(part: Part, bytes: Uint8Array): void {
		if (part.takeAll(bytes)) {
			this.uploads.serve(part);
			return this.#complete(part);
		}
		this.rejected++;
		part.retryAt = this.#turn.now + constants.RETRY;
	}

	fetchFailed(name: PartName, gone: boolean): void {
		const part = this.get(name);
		if (!part?.fetching) return;
		part.fetching = false;
		if (!gone || !part.head) {
			part.retryAt = this.#turn.now + constants.RETRY;
			return;
		}
		part.lost = true;
		part.demanded = false;
		this.#cancelAsks(part);
		this.uploads.refuse(part, part.count);
		this.#emit("lost", part);
	}

	/** Takes a chunk from a neighbour. */
	data(peer: string, name: PartName, chunk: number, bytes: Uint8Array): Fault | null {
		const neighbour = this.#neighbours.get(peer);
		const part = this.get(name);
		const ask = part?.asks.get(peer);
		if (!neighbour) return null;
		if (!part || !ask?.isOpen(chunk)) {
			if (neighbour.isForgiven(name, chunk, this.#turn.now)) return null;
			return { code: bye.unasked, reason: "data that was not asked for" };
		}
		ask.answer([chunk]);
		if (!part.head) {
			part.waiting.push({ peer, chunk, bytes: bytes.slice() });
			neighbour.waiting += bytes.length;
			if (neighbour.waiting <= constants.WAITING) return null;
			return { code: bye.flood, reason: "too much data before its head" };
		}
		const verdict = part.take(chunk, bytes);
		if (verdict === "wrong") {
			this.rejected++;
			// It stays missing, and the one who sent it is about to be gone.
			part.asks.set(peer, new Ask([chunk]));
			return { code: bye.wrongBytes, reason: "wrong bytes" };
		}
		if (verdict === "new") this.uploads.serve(part);
		if (part.isWhole) this.#complete(part);
		return null;
	}

	absent(peer: string, name: PartName, chunks: number[] | null): void {
		const part = this.get(name);
		const ask = part?.asks.get(peer);
		if (!part || !ask?.isPending(part.count)) return;
		ask.answer(chunks);
		this.#failed(part, peer);
	}

	peerGone(peer: string): void {
		for (const part of this.#parts()) {
			const ask = part.asks.get(peer);
			if (!ask) continue;
			const kept = part.waiting.filter((piece) => piece.peer !== peer);
			const isShort = kept.length < part.waiting.length;
			part.waiting.splice(0, part.waiting.length, ...kept);
			part.asks.delete(peer);
			if (isShort || ask.isPending(part.count)) this.#failed(part, peer);
		}
	}

	/** A neighbour will not deliver what it was asked for (rule 4). */
	#failed(part: Part, peer: string): void {
		part.failed.add(peer);
		if (part.isWhole || part.lost || part.isFetched) return;
		const wanted = part.head ? part.uncovered() : null;
		if (wanted ? wanted.length === 0 : part.isAsked) return;
		const helper = this.#helper(part);
		if (helper) this.#ask(part, helper, wanted);
		else if (part.head) this.#fetch(part);
		else this.#assign(part);
	}

	#complete(part: Part): void {
		if (part.fetching) this.#emit("abortFetch", part);
		part.fetching = false;
		part.retryAt = null;
		this.#cancelAsks(part);
		this.#neighbours.announce(part);
		this.#deliver(part);
	}

	#deliver(part: Part): void {
		const { rendition, number, bytes } = part;
		part.demanded = false;
		this.#turn.actions.push({ type: "part", rendition, number, bytes });
	}

	#cancelAsks(part: Part): void {
		const { rendition, number, count } = part;
		for (const [peer, ask] of part.asks) {
			if (!ask.isPending(count)) continue;
			this.#neighbours.get(peer)?.forgive(part, ask, this.#turn.now);
			const chunks = ask.remainder(count);
			this.#neighbours.send(peer, { type: "cancel", rendition, number, chunks });
		}
		part.asks.clear();
	}

	#expire(rendition: number): void {
		const track = this.#track(rendition);
		const oldest = track.newest - constants.STORE;
		for (const number of track.heads.keys()) if (number <= oldest) track.heads.delete(number);
		for (const part of [...track.parts.values()])
			if (part.number <= oldest) this.#forget(part, part.demanded);
		this.uploads.expire(rendition, oldest);
	}

	#forget(part: Part, isMissed: boolean): void {
		this.#tracks.get(part.rendition)?.parts.delete(part.number);
		if (part.fetching) this.#emit("abortFetch", part);
		this.#cancelAsks(part);
		for (const { peer, bytes } of part.waiting) {
			const neighbour = this.#neighbours.get(peer);
			if (neighbour) neighbour.waiting -= bytes.length;
		}
		this.uploads.refuse(part, part.count);
		if (isMissed) this.#emit("lost", part);
	}

	#track(rendition: number): Track {
		let track = this.#tracks.get(rendition);
		if (!track) {
			track = { heads: new Map(), newest: -1, seen: -1, parts: new Map() };
			this.#tracks.set(rendition, track);
		}
		return track;
	}

	#part(name: PartName): Part {
		const track = this.#track(name.rendition);
		let part = track.parts.get(name.number);
		if (!part) {
			part = new Part(name);
			const head = track.heads.get(name.number);
			if (head) part.head = head;
			track.parts.set(name.number, part);
		}
		return part;
	}

	/** All parts, by rendition and number. */
	#parts(): Part[] {
		const all = [...this.#tracks.values()].flatMap((track) => [...track.parts.values()]);
		return all.sort((a, b) => a.rendition - b.rendition || a.number - b.number);
	}

	#emit(type: "fetch" | "abortFetch" | "lost", { rendition, number }: PartName): void {
		this.#turn.actions.push({ type, rendition, number });
	}
}
