// The peer as a pure state machine (docs/protocol.md §6.1): an event and the time
// go in, actions come out. It has no clock, no timer and no connection.
import { Malformed } from "../wire/codec.ts";
import {
	bye,
	type Data,
	decodeMessage,
	type Hello,
	type Message,
	type PartName,
	type Wish,
} from "../wire/messages.ts";
import { FeedWish } from "./feed.ts";
import { Groups } from "./groups.ts";
import { Holes } from "./holes.ts";
import { Intake } from "./intake.ts";
import { key, Neighbour } from "./neighbour.ts";
import type { Part, Piece } from "./part.ts";
import { type CoreOptions, State } from "./state.ts";
import { Suspicion } from "./suspicion.ts";
import { type Action, constants, type Event } from "./types.ts";
import { Uploads } from "./uploads.ts";

/** The version of the protocol. */
const version = 1;

export class Core {
	/** Bytes of chunks that came from peers. */
	received = 0;
	readonly #state: State;
	readonly #uploads: Uploads;
	readonly #holes: Holes;
	readonly #intake: Intake;
	readonly #groups: Groups;
	readonly #suspicion: Suspicion;
	readonly #feed: FeedWish;
	/** Peers that broke the rules. */
	readonly #banned = new Set<string>();
	/** The last time, in turns of LATE_EVERY, that late chunks were told of. */
	#lateTurn = 0;

	constructor(options: CoreOptions) {
		this.#state = new State(options);
		this.#uploads = new Uploads(this.#state);
		this.#feed = new FeedWish(this.#state);
		this.#holes = new Holes(this.#state, this.#feed);
		this.#intake = new Intake(this.#state, this.#uploads, this.#holes);
		this.#groups = new Groups(this.#state);
		this.#suspicion = new Suspicion(this.#state, this.#holes);
	}

	/** Chunks and parts that were dropped because they were wrong or not asked for. */
	get rejectedChunks(): number {
		return this.#state.rejected;
	}

	/** Bytes of chunks that were sent to peers. */
	get sent(): number {
		return this.#uploads.sent;
	}

	/** Parts whose last chunk came from the server, and from peers. */
	get parts(): { http: number; p2p: number } {
		return { http: this.#intake.httpParts, p2p: this.#intake.p2pParts };
	}

	/** The bytes of a part that are fetched; undefined when that is all of them. */
	range(part: PartName): { start: number; end: number } | undefined {
		return this.#state.store.get(part)?.fetchedRange;
	}

	/** Lends as much as this from now on (CoreOptions); neighbours were told otherwise: none may be left. */
	lend(upload: number): void {
		this.#state.upload = upload;
		this.#uploads.lend(upload);
	}

	/** Deals with an event, then with what has become due. `now` never goes back. */
	handle(event: Event, now: number): Action[] {
		this.#state.now = now;
		this.#state.actions = [];
		this.#dispatch(event);
		const haveHeadsCeased = event.type === "tick" && this.#due();
		this.#groups.subscribe();
		if (event.type === "tick" || event.type === "follow")
			this.#feed.update(event.type === "follow" || haveHeadsCeased);
		return this.#state.actions;
	}

	#dispatch(event: Event): void {
		switch (event.type) {
			case "follow":
				return this.#follow(event.renditions);
			case "plan":
				return this.#groups.plan(event);
			case "peerOpen":
				return this.#open(event.peer);
			case "peerClose":
				return this.#drop(this.#state.find(event.peer));
			case "message":
				return this.#receive(this.#state.find(event.peer), event.bytes);
			case "heads":
				return this.#heads(event);
			case "feedData":
				return this.#intake.feedData(event, event.chunk, event.bytes);
			case "feedLost":
				return this.#feed.lost(event.retryAfter);
			case "fetched":
				return this.#intake.fetched(event, event.bytes);
			case "fetchFailed":
				return this.#intake.fetchFailed(event, event.gone, event.retryAfter);
			case "demand":
				return this.#intake.demand(event);
			case "release":
				return this.#intake.release(event);
			case "playhead":
				this.#state.playhead = event.ms;
				return;
			case "pressure":
				return this.#state.find(event.peer)?.press(event.bytes, this.#state.now);
			case "gone":
				for (const left of this.#state.neighbours) left.hasLeft ||= left.id === event.peer;
				return;
			case "identify":
				return this.#identify(event.peer);
			case "accuse":
				return this.#accuse(event.peer, event.code, event.reason);
		}
	}

	/** True when heads have just ceased to come. */
	#due(): boolean {
		this.#holes.run();
		this.#suspicion.run();
		const haveHeadsCeased = this.#feed.watchHeads();
		this.#tellLate();
		for (const neighbour of [...this.#state.neighbours]) this.#look(neighbour);
		return haveHeadsCeased;
	}

	#tellLate(): void {
		const turn = Math.floor(this.#state.now / constants.LATE_EVERY);
		if (turn <= this.#lateTurn) return;
		this.#lateTurn = turn;
		for (const one of [...this.#state.neighbours, this.#state]) {
			const { id: peer, late: count } = one;
			if (count > 0) this.#state.actions.push({ type: "late", peer, count });
			one.late = 0;
		}
	}

	/** Closes a neighbour that said nothing or is of no use, forgets what is over. */
	#look(neighbour: Neighbour): void {
		const { now, store } = this.#state;
		const isSilent = now >= neighbour.openedAt + constants.HELLO_WITHIN;
		if (!neighbour.hasGreeted && isSilent) return this.#close(neighbour, bye.idle, "no hello");
		if (neighbour.isLost(now)) return this.#close(neighbour, bye.idle, "stuck");
		if (neighbour.isOld && neighbour.isInUse) neighbour.idleAt = now;
		if (neighbour.isOld && now >= neighbour.idleAt + constants.IDLE)
			return this.#close(neighbour, bye.idle, "not needed any more");
		neighbour.tidy(now, (part) => store.count(part));
	}

	#follow(renditions: readonly number[]): void {
		const { store, neighbours, groups } = this.#state;
		const before = this.#interest().join();
		if (groups.length === 0) this.#feed.begin();
		const ended = store.followed().filter((track) => !renditions.includes(track.rendition));
		for (const track of ended) track.isFollowed = false;
		for (const track of renditions.map((r) => store.track(r))) {
			if (!track.isFollowed) track.first = null;
			track.isFollowed = true;
		}
		if (this.#interest().join() !== before) for (const n of neighbours) this.#sendInterest(n);
		this.#groups.regroup();
		for (const track of ended) this.#intake.unfollow(track);
	}

	/** The renditions that neighbours may ask for: none when nothing is lent. */
	#interest(): number[] {
		if (!this.#state.lends) return [];
		return this.#state.store.followed().map((track) => track.rendition);
	}

	#sendInterest(neighbour: Neighbour): void {
		this.#state.send(neighbour, { type: "interest", renditions: this.#interest() });
	}

	#open(id: string): void {
		if (this.#banned.has(id) || id === "" || this.#state.find(id)) {
			const { actions } = this.#state;
			actions.push({ type: "close", peer: id, code: bye.leaving, reason: "not again" });
			return;
		}
		const neighbour = new Neighbour(id, this.#state.now);
		this.#state.neighbours.push(neighbour);
		const { stream, epoch, agent } = this.#state.options;
		this.#state.send(neighbour, { type: "hello", version, stream, epoch, features: 0, agent });
		this.#sendInterest(neighbour);
	}

	#identify(id: string): void {
		const { neighbours, now, id: last } = this.#state;
		for (const neighbour of neighbours) {
			neighbour.hasLeft = false;
			if (!last || last === id) continue;
			neighbour.isOld = true;
			neighbour.idleAt = now;
		}
		this.#state.id = id;
		this.#groups.forgetSerials();
	}

	/** Closes a connection for good. */
	#violate(neighbour: Neighbour, code: number, reason: string): void {
		if (code === bye.wrongBytes || code === bye.unasked) this.#state.rejected++;
		if (this.#banned.has(neighbour.id)) return;
		this.#banned.add(neighbour.id);
		this.#close(neighbour, code, reason);
	}

	#accuse(peer: string, code: number, reason: string): void {
		const neighbour = this.#state.find(peer);
		if (neighbour) this.#violate(neighbour, code, reason);
	}

	#close(neighbour: Neighbour, code: number, reason: string): void {
		this.#state.actions.push({ type: "close", peer: neighbour.id, code, reason });
		this.#drop(neighbour);
	}

	/** Forgets a neighbour, and turns to others for what it was to bring (rules 4 and 6). */
	#drop(neighbour: Neighbour | undefined): void {
		if (!neighbour || !this.#state.neighbours.includes(neighbour)) return;
		const { store } = this.#state;
		this.#state.neighbours = this.#state.neighbours.filter((n) => n !== neighbour);
		for (const asked of neighbour.asked.values()) {
			const part = store.get(asked);
			if (part && !asked.open.isEmpty(part.count)) this.#holes.fail(neighbour, part);
		}
		for (const track of store.followed())
			for (const part of track.parts.values()) part.dropWaiting(neighbour);
		this.#suspicion.closed(neighbour);
	}

	#heads({ heads, payload, peer }: Event & { type: "heads" }): void {
		const { store, now } = this.#state;
		const neighbour = peer === undefined ? undefined : this.#state.find(peer);
		if (neighbour?.isFlooding(now)) this.#violate(neighbour, bye.flood, "too many messages");
		else if (neighbour?.hasGreeted === false)
			this.#violate(neighbour, bye.malformed, "hello first, and once");
		const fresh = heads
			.map((head) => this.#intake.note(head, peer === undefined))
			.filter((part) => part !== null);
		const came = fresh.filter((part) => store.track(part.rendition).isFollowed);
		if (came.length > 0) this.#feed.headCame();
		if (neighbour) this.#feed.countBack(heads);
		if (fresh.length > 0) this.#uploads.passHeads(heads, payload, neighbour);
		for (const part of came)
			for (const liar of this.#intake.headCame(part))
				this.#violate(liar, bye.wrongBytes, "wrong bytes");
		// Requests that were kept for a part which nobody here wants.
		for (const part of came)
			if (!part.isWhole && !store.track(part.rendition).wants(part)) this.#uploads.refuse(part);
	}

	#receive(neighbour: Neighbour | undefined, bytes: Uint8Array<ArrayBuffer>): void {
		if (!neighbour) return;
		let message: Message;
		try {
			message = decodeMessage(bytes);
		} catch (error) {
			if (!(error instanceof Malformed)) throw error;
			return this.#violate(neighbour, bye.malformed, error.message);
		}
		if (message.type !== "data" && neighbour.isFlooding(this.#state.now))
			return this.#violate(neighbour, bye.flood, "too many messages");
		if ((message.type === "hello") === neighbour.hasGreeted)
			return this.#violate(neighbour, bye.malformed, "hello first, and once");
		this.#understand(neighbour, message, bytes);
	}

	#understand(neighbour: Neighbour, message: Message, bytes: Uint8Array<ArrayBuffer>): void {
		switch (message.type) {
			case "hello":
				return this.#greet(neighbour, message);
			case "interest":
				neighbour.interest = new Set(message.renditions);
				return;
			case "request":
				return this.#uploads.request(neighbour, message);
			case "cancel":
				return this.#uploads.cancel(neighbour, message);
			case "absent":
				return this.#absent(neighbour, message);
			case "data":
				return this.#data(neighbour, message, bytes);
			case "subscribe":
				return this.#uploads.subscribed(neighbour, message);
			case "refuse":
				return this.#suspicion.refused(neighbour, message);
			case "bye":
				return this.#close(neighbour, bye.leaving, "");
		}
	}

	#greet(neighbour: Neighbour, hello: Hello): void {
		const { stream, epoch } = this.#state.options;
		if (hello.version !== version || hello.stream !== stream || hello.epoch !== epoch)
			return this.#close(neighbour, bye.other, "another broadcast");
		neighbour.hasGreeted = true;
	}

	/** A neighbour will not send what it was asked for, or what it would have pushed. */
	#absent(neighbour: Neighbour, { chunks, ...name }: Wish): void {
		const part = this.#state.store.get(name);
		const asked = neighbour.asked.get(key(name));
		const isAsked = asked?.open.touches(chunks, part?.count) ?? false;
		const isPushed = neighbour.wanted[name.rendition] !== 0;
		if (isPushed && !isAsked) neighbour.late++;
		if (asked) {
			asked.open.remove(chunks);
			asked.forgiven.remove(chunks);
			if (asked.open.isEmpty(part?.count) && asked.forgiven.isEmpty(part?.count))
				neighbour.asked.delete(key(name));
		}
		if (part?.head && !part.isWhole && (isAsked || isPushed)) this.#holes.fail(neighbour, part);
	}

	#data(from: Neighbour, data: Data, message: Uint8Array<ArrayBuffer>): void {
		const { chunk, bytes } = data;
		const { now, store } = this.#state;
		this.received += bytes.length;
		const track = store.track(data.rendition);
		let part = track.get(data.number);
		const asked = from.asked.get(key(data));
		const isOpen = asked?.open.has(chunk) ?? false;
		if (isOpen) asked?.open.remove([chunk]);
		else if (asked?.forgiven.has(chunk) && now < asked.until) return asked.forgiven.remove([chunk]);
		else {
			const isPushed = from.pushes(data, part, now);
			if (track.newest === null && isPushed) return;
			if (!isPushed) return this.#violate(from, bye.unasked, "unasked bytes");
			if (!track.reaches(data.number)) {
				// Numbers leapt, and the heads that say so come from somebody else.
				from.stray += bytes.length;
				const leap = Math.abs(data.number - (track.newest ?? 0));
				if (from.stray > constants.STRAY || leap > constants.LEAP)
					this.#violate(from, bye.unasked, "stray bytes");
				return;
			}
			part = track.make(data.number);
			if (part.isPushedAgain(from, chunk)) return this.#violate(from, bye.unasked, "bytes again");
		}
		if (part && track.isFollowed)
			this.#take(part, { from, chunk, bytes, message, isPushed: !isOpen });
	}

	#take(part: Part, piece: Piece): void {
		const { from } = piece;
		if (part.head) {
			if (!this.#intake.take(part, piece)) this.#violate(from, bye.wrongBytes, "wrong bytes");
			return;
		}
		this.#intake.wait(part, piece);
		if (from.waiting > constants.WAITING) this.#violate(from, bye.flood, "too much");
	}
}
