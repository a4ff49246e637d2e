// What playback is given, and how hls.js is set up: it plays what it gets, and decides as
// little as possible.
import type { HlsConfig } from "hls.js";
import type { ServerClock } from "../clock.ts";
import type { Engine } from "../engine/engine.ts";
import type { Stats } from "../stats.ts";

export interface PlaybackOptions {
	video: HTMLVideoElement;
	engine: Engine;
	clock: ServerClock;
	stats: Stats;
	/** When the stream was opened (performance.now). */
	openedAt: number;
	/** A rendition that was chosen by hand; null chooses automatically. */
	wish: string | null;
	/** Seconds behind live to keep at least; 0 for as few as possible. */
	latency: number;
	/** The viewer paused, and wants it to stay so. */
	isHeld: () => boolean;
	/** The browser wants a click before it plays. */
	onBlocked: () => void;
	/** The broadcast is over, and what there was of it was played. */
	onEnded: () => void;
	/** It can't be played, in words. */
	onFailed: (reason: string) => void;
}

export const config: Partial<HlsConfig> = {
	autoStartLoad: false,
	backBufferLength: 60,
	// Only parts of fMP4 pass through: a worker would cost more than it saves.
	enableWorker: false,
	liveDurationInfinity: true,
	// The distance to live is kept here, not by hls.js.
	liveMaxLatencyDuration: 60,
	liveSyncDuration: 1,
	liveSyncOnStallIncrease: 0,
	lowLatencyMode: true,
	maxBufferLength: 30,
	testBandwidth: false,
};
