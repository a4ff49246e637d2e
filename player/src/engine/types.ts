// What an engine is made with, and what it gives.
import type { ServerClock } from "../clock.ts";
import type { Join } from "../net/join.ts";
import type { Stats } from "../stats.ts";
import type { Trust } from "../trust.ts";

export interface EngineOptions {
	join: Join;
	trust: Trust;
	clock: ServerClock;
	stats: Stats;
	/** Bytes a second that are lent to others: 0 for unlimited, -1 for none. */
	upload: number;
	/** Whether other viewers are connected to at all. */
	isShared: boolean;
	/** A fresh admission token. */
	token: () => Promise<string>;
	/** The player trusts its server without signatures when heads stop coming. */
	mayFallBack: boolean;
	/** The server does not know the broadcast any more, though nobody ended it. */
	onGone: () => void;
}

/** A part that became playable. */
export interface Arrival {
	/** It is of the rendition that is watched, not its sound. */
	isMain: boolean;
	/** Seconds from the moment that its first sample shows until it could be played. */
	delay: number;
}
