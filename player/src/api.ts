// What pages may rely on (docs/player.md).
import type { Mode } from "./net/join.ts";
import type { State, Stats } from "./stats.ts";

/** Why a stream can't be played, or not now. */
export type FailureCode =
	| "key"
	| "codec"
	| "unsupported"
	| "playback"
	| "missing"
	| "blocked"
	| "insecure"
	| "unreachable"
	| "offline"
	| "busy"
	| "unsigned";

export interface Failure {
	code: FailureCode;
	/** For people, in the player's language. */
	message: string;
	/** Nothing goes on until somebody does something. */
	fatal: boolean;
}

export interface QualityChoice {
	name: string;
	/** For people, in the player's language. */
	label: string;
	/** Pixels; 0 for sound alone. */
	height: number;
	/** Peak rate in bit/s. */
	bandwidth: number;
}

/** Events of the element besides those of HTMLElement; all are CustomEvents. */
export interface LiveRelayEventMap {
	statechange: CustomEvent<State>;
	/** The title, once the server told it. */
	titlechange: CustomEvent<string>;
	/** What is played, and whether it was chosen automatically. */
	qualitychange: CustomEvent<{ rendition: string; automatic: boolean }>;
	/** The viewer's mode. */
	p2pchange: CustomEvent<Mode>;
	/** Twice a second. */
	statsupdate: CustomEvent<Stats>;
	failure: CustomEvent<Failure>;
	play: CustomEvent<null>;
	pause: CustomEvent<null>;
	volumechange: CustomEvent<null>;
	timeupdate: CustomEvent<null>;
	seeked: CustomEvent<null>;
	ended: CustomEvent<null>;
}
