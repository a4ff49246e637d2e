// The neighbours of a peer: greetings, interest, and the news of what is held.
import { bounds } from "../wire/codec.ts";
import { encodeMessage, type Hello, type Message, type PartName } from "../wire/messages.ts";
import type { CoreOptions, Turn } from "./core.ts";
import { Neighbour } from "./neighbour.ts";
import { constants } from "./types.ts";

const version = 1;

export class Neighbours {
	readonly #turn: Turn;
	readonly #options: CoreOptions;
	/** In the order in which they opened. */
	readonly #all = new Map<string, Neighbour>();
	#interest: number[] = [];

	constructor(turn: Turn, options: CoreOptions) {
		this.#turn = turn;
		this.#options = options;
	}

	[Symbol.iterator](): IterableIterator<Neighbour> {
		return this.#all.values();
	}

	get(id: string): Neighbour | undefined {
		return this.#all.get(id);
	}

	/** A neighbour's connection opened: greet it. */
	open(id: string): void {
		if (this.#all.has(id)) return;
		this.#all.set(id, new Neighbour(id, this.#turn.now));
		const { stream, epoch, agent } = this.#options;
		this.send(id, { type: "hello", version, stream, epoch, features: 0, agent });
		this.#sendInterest(id);
	}

	remove(id: string): boolean {
		return this.#all.delete(id);
	}

	accepts(hello: Hello): boolean {
		const { stream, epoch } = this.#options;
		return hello.version === version && hello.stream === stream && hello.epoch === epoch;
	}

	/** Tells everybody which renditions are followed from now on. */
	setInterest(renditions: readonly number[]): void {
		// A peer that lends nothing says so by an interest in nothing.
		const next = this.#options.upload < 0 ? [] : [...renditions].sort((a, b) => a - b);
		if (next.join() === this.#interest.join()) return;
		this.#interest = next;
		for (const id of this.#all.keys()) this.#sendInterest(id);
	}

	#sendInterest(id: string): void {
		this.send(id, { type: "interest", renditions: this.#interest });
	}

	/** Notes that a part is held whole, for everybody to be told. */
	announce(part: PartName): void {
		if (this.#options.upload < 0) return;
		const { rendition, number } = part;
		for (const neighbour of this) {
			if (neighbour.hasGreeted) neighbour.news.push({ rendition, number });
		}
	}

	/** Sends what is new to those who have not been told anything lately. */
	tellNews(): void {
		for (const neighbour of this) {
			if (neighbour.news.length === 0) continue;
			if (this.#turn.now - neighbour.toldAt < constants.HAVE_EVERY) continue;
			neighbour.toldAt = this.#turn.now;
			this.send(neighbour.id, { type: "have", parts: neighbour.news.splice(0, bounds.have) });
		}
	}

	/** Those that should have greeted by now. */
	silent(): Neighbour[] {
		const before = this.#turn.now - constants.HELLO_WITHIN;
		return [...this].filter((n) => !n.hasGreeted && n.openedAt <= before);
	}

	send(peer: string, message: Message): void {
		this.#turn.actions.push({ type: "send", peer, bytes: encodeMessage(message) });
	}
}
