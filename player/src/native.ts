// Without media source extensions a browser may still play HLS by itself, alone: it is
// given the playlist once the stream is live, and again after it failed or ended.
import { JoinError, join } from "./net/join.ts";
import type { State } from "./stats.ts";
import { type Trouble, troubleOf } from "./trouble.ts";

interface Handlers {
	onState(state: State): void;
	/** Nobody is live yet. */
	onWaiting(title: string): void;
	/** It is live, and about to be played. */
	onLive(title: string): void;
	onTrouble(trouble: Trouble): void;
	/** The browser wants a click before it plays. */
	onBlocked(): void;
}

/** Milliseconds. */
const againAfter = 3000;

export const canPlayNatively = (video: HTMLVideoElement): boolean =>
	video.canPlayType("application/vnd.apple.mpegurl") !== "";

/** Plays a stream whenever it is live, until the signal says otherwise. */
export async function playNatively(
	video: HTMLVideoElement,
	src: string,
	signal: AbortSignal,
	on: Handlers,
): Promise<void> {
	const states = { playing: "playing", pause: "paused", waiting: "stalled" } as const;
	for (const [name, state] of Object.entries(states))
		video.addEventListener(name, () => on.onState(state), { signal });
	video.disableRemotePlayback = false;
	for (let query = ""; !signal.aborted; query = "?wait=1") {
		try {
			const { state, title } = await join(src, query, signal);
			if (state === "live" || state === "interrupted") {
				on.onLive(title);
				await play(video, `${src}/index.m3u8`, on);
			} else on.onWaiting(title);
		} catch (error) {
			if (signal.aborted) return;
			on.onTrouble(await troubleOf(error instanceof JoinError ? error.status : 0, src));
		}
		await new Promise((resolve) => setTimeout(resolve, againAfter));
	}
}

/** Resolves when there is no more to play. */
async function play(video: HTMLVideoElement, url: string, on: Handlers): Promise<void> {
	video.src = url;
	void video.play().catch((error: Error) => {
		if (error.name === "NotAllowedError") on.onBlocked();
	});
	await new Promise<void>((resolve) => {
		video.onended = () => {
			on.onState("ended");
			resolve();
		};
		video.onerror = () => {
			on.onState("interrupted");
			resolve();
		};
	});
}
