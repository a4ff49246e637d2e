// The peer as a pure state machine (docs/protocol.md §6.1): an event and the time
// go in, actions come out. It has no clock, no timer and no connection.
import { Malformed } from "../wire/codec.ts";
import type { Head } from "../wire/heads.ts";
import { bye, decodeMessage, type Message, type PartName } from "../wire/messages.ts";
import { Budget } from "./budget.ts";
import { Downloads } from "./downloads.ts";
import { Neighbours } from "./neighbours.ts";
import type { Action, Event } from "./types.ts";
import { Uploads } from "./uploads.ts";

export interface CoreOptions {
	/** The id that the tracker gave this peer. */
	id: string;
	stream: string;
	epoch: string;
	agent: string;
	/** Bytes a second that are lent: 0 for unlimited, -1 for none. */
	upload: number;
}

/** The time of the event that is dealt with, and what has to be done about it. */
export interface Turn {
	now: number;
	actions: Action[];
}

export class Core {
	readonly #turn: Turn = { now: 0, actions: [] };
	readonly #neighbours: Neighbours;
	readonly #downloads: Downloads;
	readonly #uploads: Uploads;

	constructor(options: CoreOptions) {
		const budget = new Budget(options.upload);
		this.#neighbours = new Neighbours(this.#turn, options);
		this.#downloads = new Downloads(this.#turn, this.#neighbours, options);
		this.#uploads = new Uploads(this.#turn, this.#neighbours, this.#downloads, budget);
		this.#downloads.uploads = this.#uploads;
	}

	/** Parts and chunks that were dropped because their bytes were wrong. */
	get rejectedChunks(): number {
		return this.#downloads.rejected;
	}

	/** Takes the id that the tracker gave; it counts from the next part on. */
	identify(id: string): void {
		this.#downloads.id = id;
	}

	/** Deals with an event, then with what has become due. `now` never goes back. */
	handle(event: Event, now: number): Action[] {
		this.#turn.now = now;
		this.#turn.actions = [];
		this.#dispatch(event);
		this.#downloads.due();
		this.#neighbours.tellNews();
		for (const neighbour of this.#neighbours.silent())
			this.#close(neighbour.id, bye.idle, "no hello");
		return this.#turn.actions;
	}

	#dispatch(event: Event): void {
		switch (event.type) {
			case "follow":
				return this.#follow(event.renditions);
			case "peerOpen":
				return this.#neighbours.open(event.peer);
			case "peerClose":
				return this.#gone(event.peer);
			case "message":
				return this.#receive(event.peer, event.bytes);
			case "heads":
				return this.#heads(event.heads, event.peer);
			case "fetched":
				return this.#downloads.fetched(event, event.bytes);
			case "fetchFailed":
				return this.#downloads.fetchFailed(event, event.gone);
			case "demand":
				return this.#downloads.demand(event);
			case "buffer":
				this.#downloads.buffer = event.ms;
		}
	}

	#follow(renditions: number[]): void {
		this.#neighbours.setInterest(renditions);
		this.#downloads.follow(renditions);
	}

	#gone(peer: string): void {
		if (this.#neighbours.remove(peer)) this.#downloads.peerGone(peer);
	}

	#close(peer: string, code: number, reason: string): void {
		this.#turn.actions.push({ type: "close", peer, code, reason });
		this.#gone(peer);
	}

	#heads(heads: Head[], peer: string | undefined): void {
		if (peer !== undefined) {
			const neighbour = this.#neighbours.get(peer);
			if (!neighbour) return;
			if (!neighbour.hasGreeted) return this.#close(peer, bye.malformed, "heads before hello");
			if (!neighbour.count(this.#turn.now))
				return this.#close(peer, bye.flood, "too many messages");
		}
		for (const polluter of this.#downloads.heads(heads))
			this.#close(polluter, bye.wrongBytes, "wrong bytes");
	}

	#receive(peer: string, bytes: Uint8Array): void {
		const neighbour = this.#neighbours.get(peer);
		if (!neighbour) return;
		let message: Message;
		try {
			message = decodeMessage(bytes);
		} catch (error) {
			if (!(error instanceof Malformed)) throw error;
			return this.#close(peer, bye.malformed, error.message);
		}
		if (message.type !== "data" && !neighbour.count(this.#turn.now))
			return this.#close(peer, bye.flood, "too many messages");
		if ((message.type === "hello") === neighbour.hasGreeted)
			return this.#close(peer, bye.malformed, "hello comes first, and once");
		this.#understand(peer, message);
	}

	#understand(peer: string, message: Message): void {
		const neighbour = this.#neighbours.get(peer);
		if (!neighbour) return;
		switch (message.type) {
			case "hello":
				if (!this.#neighbours.accepts(message))
					return this.#close(peer, bye.other, "another version, stream or epoch");
				neighbour.hasGreeted = true;
				if (this.#uploads.lends) neighbour.news.push(...this.#downloads.held());
				return;
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
				return this.#downloads.absent(peer, message, message.chunks);
			case "data":
				return this.#data(peer, message, message.chunk, message.bytes);
			case "bye":
				return this.#gone(peer);
		}
	}

	#data(peer: string, part: PartName, chunk: number, bytes: Uint8Array): void {
		const fault = this.#downloads.data(peer, part, chunk, bytes);
		if (fault) this.#close(peer, fault.code, fault.reason);
	}
}
