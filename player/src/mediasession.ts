// The system's media keys and lock screen.

export interface MediaKeys {
	play(): void;
	pause(): void;
	seekBy(seconds: number): void;
}

/** Tells the system what plays, until the signal ends. */
export function announce(
	title: string,
	site: string,
	poster: string,
	on: MediaKeys,
	signal: AbortSignal,
): void {
	const { mediaSession } = navigator;
	if (!mediaSession || typeof MediaMetadata === "undefined") return;
	const artwork = poster ? [{ src: poster }] : [];
	mediaSession.metadata = new MediaMetadata({ title, artist: site, artwork });
	const handlers: [MediaSessionAction, MediaSessionActionHandler][] = [
		["play", () => on.play()],
		["pause", () => on.pause()],
		["seekbackward", ({ seekOffset }) => on.seekBy(-(seekOffset ?? 10))],
		["seekforward", ({ seekOffset }) => on.seekBy(seekOffset ?? 10)],
	];
	for (const [action, handler] of handlers) set(mediaSession, action, handler);
	signal.addEventListener("abort", () => {
		for (const [action] of handlers) set(mediaSession, action, null);
		mediaSession.metadata = null;
	});
}

function set(
	session: MediaSession,
	action: MediaSessionAction,
	handler: MediaSessionActionHandler | null,
): void {
	try {
		session.setActionHandler(action, handler);
	} catch {
		// This browser has no such key.
	}
}
