// Events and actions of the peer's state machine (docs/protocol.md §6.1).
import type { Head } from "../wire/heads.ts";
import type { PartName } from "../wire/messages.ts";

/** Who feeds a stripe, as the tracker planned it; empty is the server. */
export interface Source {
	parent: string;
	standby: string;
}

export interface Plan {
	serial: number;
	/** The one that leads, and what rides with it. */
	renditions: number[];
	/** One for each stripe. */
	stripes: Source[];
}

/** What a feed is wanted for; `from` is a part's number, -1 for live. */
export interface Want {
	rendition: number;
	stripes: number;
	from: number;
}

export type Event =
	| { type: "follow"; renditions: number[] }
	| ({ type: "plan" } & Plan)
	| { type: "peerOpen" | "peerClose" | "gone"; peer: string }
	| { type: "message"; peer: string; bytes: Uint8Array<ArrayBuffer> }
	| { type: "heads"; heads: Head[]; payload: Uint8Array; peer?: string | undefined }
	| ({ type: "feedData"; chunk: number; bytes: Uint8Array } & PartName)
	| { type: "feedLost"; retryAfter: number }
	| ({ type: "fetched"; bytes: Uint8Array } & PartName)
	| ({ type: "fetchFailed"; gone: boolean; retryAfter: number } & PartName)
	| ({ type: "demand" | "release" } & PartName)
	| { type: "playhead"; ms: number }
	| { type: "pressure"; peer: string; bytes: number }
	| { type: "identify"; peer: string }
	| { type: "accuse"; peer: string; code: number; reason: string }
	| { type: "tick" };

export type Action =
	| { type: "send"; peer: string; bytes: Uint8Array<ArrayBuffer> }
	| { type: "close"; peer: string; code: number; reason: string }
	/** `seed`: the plan gives all of its stripes to the server. */
	| { type: "feed"; want: Want[]; seed: boolean }
	| ({ type: "fetch"; first: number; count: number } & PartName)
	| ({ type: "abortFetch" | "lost" } & PartName)
	| ({ type: "part"; bytes: Uint8Array } & PartName)
	| { type: "suspect"; peer: string }
	| { type: "late"; peer: string; count: number };

/** A moment that does not come. */
export const never = Number.POSITIVE_INFINITY;

/** Constants of docs/protocol.md §6.1; times in milliseconds. */
export const constants = {
	STORE: 64,
	AHEAD: 8,
	PATIENCE_MIN: 50,
	PATIENCE_MAX: 2000,
	LEAD_MIN: 200,
	LEAD_FIRST: 300,
	LEAD_MAX: 600,
	/** What is added to the longest of so many fetches. */
	LEAD_MORE: 100,
	LEAD_OF: 8,
	ASK_LEAD: 500,
	PASS_LEAD: 350,
	RESCUE_SPREAD: 100,
	SERVER_LATE: 500,
	RETRY: 500,
	REFUSED_MOST: 3000,
	REFUSED_SPREAD: 1000,
	STUCK: 1500,
	/** The same for one that the tracker says left. */
	STUCK_GONE: 100,
	/** Given up after so long, and one that left. */
	LOST: 3000,
	LOST_GONE: 300,
	SUSPECT: 700,
	/** The same after the tracker said that who brings it has left. */
	SUSPECT_GONE: 100,
	/** Until a parent that is suspect still is told of again. */
	SUSPECT_AGAIN: 2000,
	/** Parts up to so many before the newest say something of the present. */
	RECENT: 2,
	/** Parts before the newest that a suspicion looks at. */
	SUSPECT_PARTS: 3,
	STANDBY_WAIT: 400,
	SPREAD: 300,
	OPEN_WITHIN: 5000,
	BRING_WITHIN: 2000,
	HEADS_SILENCE: 100,
	HEADS_SPREAD: 150,
	HEADS_BACK: 8,
	FEED_BACK: 4,
	HOLE_BACK: 8,
	FEED_GROW: 50,
	FEED_SHRINK: 500,
	/** Bytes. */
	PRESSURE: 65_536,
	/** With so much waiting for all, requests are not met. */
	PULL_PRESSURE: 24_576,
	CHILD_STRIPES: 96,
	LATE: 1000,
	LATE_EVERY: 5000,
	HELLO_WITHIN: 10_000,
	FORGIVE: 10_000,
	IDLE: 10_000,
	KEPT: 64,
	FLOOD: 200,
	/** Bytes. */
	WAITING: 2 << 20,
	STRAY: 262_144,
	LEAP: 2048,
	/** Bytes: the upload budget holds at least this much. */
	BUDGET: 64 << 10,
	/** Of a part whose head is unknown, and of media ahead before playback began. */
	USUAL_PART: 250,
	UNKNOWN_AHEAD: 2000,
} as const;
