// Events and actions of the peer's state machine (docs/protocol.md §6.1).
import type { Head } from "../wire/heads.ts";
import type { PartName } from "../wire/messages.ts";

export type Event =
	| { type: "follow"; renditions: number[] }
	| { type: "peerOpen" | "peerClose"; peer: string }
	| { type: "message"; peer: string; bytes: Uint8Array }
	| { type: "heads"; heads: Head[]; peer?: string }
	| ({ type: "fetched"; bytes: Uint8Array } & PartName)
	| ({ type: "fetchFailed"; gone: boolean } & PartName)
	| ({ type: "demand" } & PartName)
	| { type: "buffer"; ms: number }
	| { type: "identify"; peer: string }
	| { type: "accuse"; peer: string; code: number; reason: string }
	| { type: "tick" };

export type Action =
	| { type: "send"; peer: string; bytes: Uint8Array<ArrayBuffer> }
	| { type: "close"; peer: string; code: number; reason: string }
	| ({ type: "fetch" | "abortFetch" | "lost" } & PartName)
	| ({ type: "part"; bytes: Uint8Array } & PartName);

/** Constants of docs/protocol.md §6.1; times in milliseconds. */
export const constants = {
	STORE: 64,
	AHEAD: 8,
	PATIENCE_MIN: 150,
	PATIENCE_MAX: 1000,
	HTTP_LEAD: 400,
	RETRY: 500,
	HAVE_EVERY: 250,
	HELLO_WITHIN: 10_000,
	FORGIVE: 10_000,
	KEPT: 64,
	FLOOD: 200,
	/** Bytes. */
	WAITING: 2 << 20,
	/** Bytes: the upload budget holds at least this much. */
	BUDGET: 64 << 10,
} as const;
