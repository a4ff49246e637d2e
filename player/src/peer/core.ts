// The peer as a pure state machine (docs/protocol.md §6.1): an event and the time
// go in, actions come out. It has no clock, no timer and no connection.
import { bounds, Malformed } from "../wire/codec.ts";
import type { Head } from "../wire/heads.ts";
import {
	bye,
	type Data,
	decodeMessage,
	type Hello,
	type Message,
	type PartName,
	type Wish,
} from "../wire/messages.ts";
import { Downloads } from "./downloads.ts";
import { key, Neighbour } from "./neighbour.ts";
import type { Part } from "./part.ts";
import { type CoreOptions, State } from "./state.ts";
import { type Action, constants, type Event } from "./types.ts";
import { Uploads } from "./uploads.ts";

/** The version of the protocol. */
const version = 1;

export class Core {
	/** Bytes of chunks that came from peers. */
	received = 0;
	readonly #state: State;
	readonly #uploads: Uploads;
	readonly #downloads: Downloads;
	/** Peers that broke the rules. */
	readonly #banned = new Set<string>();
	/** When the next `have` may be sent. */
	#haveAt = 0;

	constructor(options: CoreOptions) {
		this.#state = new State(options);
		this.#uploads = new Uploads(this.#state);
		this.#downloads = new Downloads(this.#state, this.#uploads);
	}

	/** Chunks and parts that were dropped because they were wrong or not asked for. */
	get rejectedChunks(): number {
		return this.#state.rejected;
	}

	/** Bytes of chunks that were sent to peers. */
	get sent(): number {
		return this.#uploads.sent;
	}

	/** Deals with an event, then with what has become due. `now` never goes back. */
	handle(event: Event, now: number): Action[] {
		this.#state.now = now;
		this.#state.actions = [];
		this.#dispatch(event);
		this.#due();
		return this.#state.actions;
	}

	#dispatch(event: Event): void {
		switch (event.type) {
			case "follow":
				return this.#follow(event.renditions);
			case "peerOpen":
				return this.#open(event.peer);
			case "peerClose":
				return this.#drop(this.#find(event.peer), null);
			case "message":
				return this.#receive(this.#find(event.peer), event.bytes);
			case "heads":
				return this.#heads(event.heads, event.peer);
			case "fetched":
				return this.#downloads.fetched(event, event.bytes);
			case "fetchFailed":
				return this.#downloads.fetchFailed(event, event.gone);
			case "demand":
				return this.#downloads.demand(event);
			case "buffer":
				this.#state.buffer = event.ms;
				return;
			case "identify":
				this.#state.id = event.peer;
				return;
			case "accuse":
				return this.#accuse(event.peer, event.code, event.reason);
		}
	}

	#due(): void {
		const { store, now, neighbours } = this.#state;
		for (const track of store.tracks()) {
			if (track.isFollowed) for (const part of track.sorted()) this.#downloads.due(part);
		}
		if (this.#downloads.news.length > 0 && now >= this.#haveAt) this.#tellNews();
		for (const neighbour of [...neighbours]) {
			neighbour.tidy(now, (part) => store.count(part));
			const isSilent = now >= neighbour.openedAt + constants.HELLO_WITHIN;
			if (!neighbour.hasGreeted && isSilent) this.#close(neighbour, bye.idle, "no hello", null);
		}
	}

	#tellNews(): void {
		const news = this.#downloads.news.splice(0);
		for (const neighbour of this.#state.neighbours)
			if (neighbour.hasGreeted) this.#sendHave(neighbour, news);
		this.#haveAt = this.#state.now + constants.HAVE_EVERY;
	}

	#sendHave(neighbour: Neighbour, parts: readonly PartName[]): void {
		for (let i = 0; i < parts.length; i += bounds.have)
			this.#state.send(neighbour, { type: "have", parts: parts.slice(i, i + bounds.have) });
	}

	#follow(renditions: readonly number[]): void {
		const { store, neighbours } = this.#state;
		const before = this.#interest().join();
		const all = new Set([...renditions, ...store.tracks().map((track) => track.rendition)]);
		const tracks = [...all].sort((a, b) => a - b).map((rendition) => store.track(rendition));
		const changed = tracks.filter((t) => t.isFollowed !== renditions.includes(t.rendition));
		for (const track of changed) {
			track.isFollowed = !track.isFollowed;
			track.seenTo = null;
		}
		if (this.#interest().join() !== before) for (const n of neighbours) this.#sendInterest(n);
		for (const track of changed) if (!track.isFollowed) this.#unfollow(track.rendition);
		for (const track of changed) this.#downloads.ahead(track);
	}

	/** Drops all of a rendition but its heads. */
	#unfollow(rendition: number): void {
		const track = this.#state.store.track(rendition);
		for (const part of track.sorted()) {
			this.#downloads.forget(part, false);
			track.parts.delete(part.number);
			if (part.head) track.make(part.number).head = part.head;
		}
	}

	/** The renditions that neighbours may ask for: none when nothing is lent. */
	#interest(): number[] {
		if (!this.#state.lends) return [];
		const followed = this.#state.store.tracks().filter((track) => track.isFollowed);
		return followed.map((track) => track.rendition);
	}

	#sendInterest(neighbour: Neighbour): void {
		this.#state.send(neighbour, { type: "interest", renditions: this.#interest() });
	}

	#find(id: string): Neighbour | undefined {
		return this.#state.neighbours.find((neighbour) => neighbour.id === id);
	}

	#open(id: string): void {
		if (this.#banned.has(id) || this.#find(id)) {
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

	/** Closes a connection for good; `part` is the one that it is about, if any. */
	#violate(neighbour: Neighbour, code: number, reason: string, part: Part | null): void {
		if (code === bye.wrongBytes || code === bye.unasked) this.#state.rejected++;
		if (this.#banned.has(neighbour.id)) return;
		this.#banned.add(neighbour.id);
		this.#close(neighbour, code, reason, part);
	}

	#accuse(peer: string, code: number, reason: string): void {
		const neighbour = this.#find(peer);
		if (neighbour) this.#violate(neighbour, code, reason, null);
	}

	#close(neighbour: Neighbour, code: number, reason: string, part: Part | null): void {
		this.#state.actions.push({ type: "close", peer: neighbour.id, code, reason });
		this.#drop(neighbour, part);
	}

	/** Forgets a neighbour, and turns to others for what it was asked (rule 4). */
	#drop(neighbour: Neighbour | undefined, also: Part | null): void {
		if (!neighbour) return;
		const { store } = this.#state;
		this.#state.neighbours = this.#state.neighbours.filter((n) => n !== neighbour);
		const parts = store.tracks().flatMap((track) => track.sorted());
		const left = parts.filter((part) => {
			const isShort = part.dropWaiting(neighbour);
			return isShort || part === also || neighbour.isAsked(part, part.count);
		});
		for (const part of left) this.#downloads.fail(neighbour, part);
	}

	#heads(heads: readonly Head[], peer: string | undefined): void {
		const { store, now } = this.#state;
		const neighbour = peer === undefined ? undefined : this.#find(peer);
		if (neighbour?.isFlooding(now)) this.#violate(neighbour, bye.flood, "too many messages", null);
		const grown = new Set<number>();
		const came: Part[] = [];
		for (const head of heads) {
			const noted = store.note(head, (part) => this.#downloads.forget(part, true));
			if (noted.isNewest) grown.add(head.rendition);
			if (!noted.part || !store.track(head.rendition).isFollowed) continue;
			for (const polluter of this.#downloads.headCame(noted.part))
				this.#violate(polluter, bye.wrongBytes, "wrong bytes", noted.part);
			came.push(noted.part);
		}
		for (const rendition of [...grown].sort((a, b) => a - b))
			this.#downloads.ahead(store.track(rendition));
		// Requests that were kept for a part which nobody here wants.
		for (const part of came) if (!part.isSought && !part.isWhole) this.#uploads.refuse(part);
	}

	#receive(neighbour: Neighbour | undefined, bytes: Uint8Array): void {
		if (!neighbour) return;
		let message: Message;
		try {
			message = decodeMessage(bytes);
		} catch (error) {
			if (!(error instanceof Malformed)) throw error;
			return this.#violate(neighbour, bye.malformed, error.message, null);
		}
		if (message.type !== "data" && neighbour.isFlooding(this.#state.now))
			return this.#violate(neighbour, bye.flood, "too many messages", null);
		if ((message.type === "hello") === neighbour.hasGreeted)
			return this.#violate(neighbour, bye.malformed, "hello first, and once", null);
		this.#understand(neighbour, message);
	}

	#understand(neighbour: Neighbour, message: Message): void {
		switch (message.type) {
			case "hello":
				return this.#greet(neighbour, message);
			case "interest":
				neighbour.interest = new Set(message.renditions);
				return;
			case "have":
				for (const part of message.parts) neighbour.notesHave(part);
				return;
			case "request":
				return this.#uploads.request(neighbour, message);
			case "cancel":
				return this.#uploads.cancel(neighbour, message);
			case "absent":
				return this.#absent(neighbour, message);
			case "data":
				return this.#data(neighbour, message);
			case "bye":
				return this.#close(neighbour, bye.leaving, "", null);
		}
	}

	#greet(neighbour: Neighbour, hello: Hello): void {
		const { stream, epoch } = this.#state.options;
		if (hello.version !== version || hello.stream !== stream || hello.epoch !== epoch)
			return this.#close(neighbour, bye.other, "another broadcast", null);
		neighbour.hasGreeted = true;
		if (this.#state.lends) this.#sendHave(neighbour, this.#state.store.held());
	}

	#absent(neighbour: Neighbour, { chunks, ...name }: Wish): void {
		const part = this.#state.store.get(name);
		const asked = neighbour.asked.get(key(name));
		if (!asked) return;
		const isAffected = asked.open.touches(chunks, part?.count);
		asked.open.remove(chunks);
		asked.forgiven.remove(chunks);
		if (asked.open.isEmpty(part?.count) && asked.forgiven.isEmpty(part?.count))
			neighbour.asked.delete(key(name));
		if (part && isAffected) this.#downloads.fail(neighbour, part);
	}

	#data(neighbour: Neighbour, { chunk, bytes, ...name }: Data): void {
		this.received += bytes.length;
		const part = this.#state.store.get(name);
		const asked = neighbour.asked.get(key(name));
		if (asked?.open.has(chunk)) asked.open.remove([chunk]);
		else if (asked?.forgiven.has(chunk) && this.#state.now < asked.until)
			return asked.forgiven.remove([chunk]);
		else return this.#violate(neighbour, bye.unasked, "unasked bytes", null);
		if (!part) return;
		if (!this.#downloads.chunk(part, { from: neighbour, chunk, bytes }))
			return this.#violate(neighbour, bye.wrongBytes, "wrong bytes", part);
		if (neighbour.waiting > constants.WAITING)
			this.#violate(neighbour, bye.flood, "too much", part);
	}
}
