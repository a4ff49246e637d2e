// What came from where in the last minute, second by second: for the plot.
import type { Stats } from "./stats.ts";

/** Bytes in one second. */
export interface Second {
	fromViewers: number;
	fromServer: number;
	given: number;
}

export const historySeconds = 60;

export class History {
	/** Oldest first. */
	readonly seconds: Second[] = [];
	#last: Pick<Stats, "httpBytes" | "p2pBytes" | "uploadedBytes"> | null = null;
	#at = 0;

	/** Takes counts, at any times; `now` in milliseconds. */
	take(stats: Stats, now: number): void {
		const last = this.#last;
		const elapsed = (now - this.#at) / 1000;
		if (last && elapsed < 0.95) return;
		const { httpBytes, p2pBytes, uploadedBytes } = stats;
		this.#last = { httpBytes, p2pBytes, uploadedBytes };
		this.#at = now;
		if (!last) return;
		const second = {
			fromViewers: Math.max(0, p2pBytes - last.p2pBytes) / elapsed,
			fromServer: Math.max(0, httpBytes - last.httpBytes) / elapsed,
			given: Math.max(0, uploadedBytes - last.uploadedBytes) / elapsed,
		};
		// A page that slept had those seconds, too.
		const count = Math.min(historySeconds, Math.max(1, Math.round(elapsed)));
		for (let i = 0; i < count; i++) this.seconds.push(second);
		this.seconds.splice(0, this.seconds.length - historySeconds);
	}

	/** The highest rate there was in either direction, in bytes a second. */
	get peak(): number {
		return Math.max(1, ...this.seconds.map((s) => Math.max(s.fromViewers + s.fromServer, s.given)));
	}
}

/** Of all that came, the share that came from other viewers, from 0 to 1. */
export function sharedPart({ httpBytes, p2pBytes }: Stats): number {
	const all = httpBytes + p2pBytes;
	return all === 0 ? 0 : p2pBytes / all;
}
