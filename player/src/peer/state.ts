// What the parts of the state machine share.
import { encodeMessage, type Message } from "../wire/messages.ts";
import type { Group } from "./group.ts";
import type { Neighbour } from "./neighbour.ts";
import { score } from "./score.ts";
import { Store } from "./store.ts";
import { type Action, constants } from "./types.ts";

export interface CoreOptions {
	/** The id that the tracker gave this peer. */
	id: string;
	stream: string;
	epoch: string;
	agent: string;
	/** Bytes a second that are lent: 0 for unlimited, -1 for none. */
	upload: number;
}

export class State {
	readonly options: Readonly<CoreOptions>;
	readonly store = new Store();
	/** In the order in which they opened. */
	neighbours: Neighbour[] = [];
	/** Bytes a second that are lent: 0 for unlimited, -1 for none. */
	upload: number;
	/** By their first renditions. */
	groups: Group[] = [];
	/** The id that counts now; the tracker may give a new one. */
	id: string;
	/** The time of the event that is dealt with, in milliseconds. */
	now = 0;
	/** Where playback is on the broadcast's timeline, in milliseconds; -1 before it began. */
	playhead = -1;
	/** How long before playback needs a part it has to be fetched, in milliseconds. */
	lead: number = constants.LEAD_FIRST;
	actions: Action[] = [];
	/** Chunks that were not pushed for want of room, since that was told. */
	late = 0;
	/** Chunks and parts that were dropped because they were wrong or not asked for. */
	rejected = 0;

	constructor(options: CoreOptions) {
		this.options = options;
		this.id = options.id;
		this.upload = options.upload;
	}

	get lends(): boolean {
		return this.upload >= 0;
	}

	find(id: string): Neighbour | undefined {
		return this.neighbours.find((neighbour) => neighbour.id === id);
	}

	/** A number below the limit that is this peer's own. */
	spread(rendition: number, number: number, limit: number): number {
		return Number(score(this.id, { rendition, number }) % BigInt(limit));
	}

	send(neighbour: Neighbour, message: Message): void {
		this.pass(neighbour, encodeMessage(message));
	}

	/** Sends a message as it came from another. */
	pass(neighbour: Neighbour, bytes: Uint8Array<ArrayBuffer>): void {
		this.actions.push({ type: "send", peer: neighbour.id, bytes });
	}
}
