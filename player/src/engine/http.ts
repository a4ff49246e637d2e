// Requests that are counted, and whose duration is told honestly.
import type { Stats } from "../stats.ts";

/** An answer, and when it came (performance.now, milliseconds). */
export interface Answer {
	bytes: Uint8Array<ArrayBuffer>;
	/** The request was sent; its first byte was there; its last one was. */
	sent: number;
	first: number;
	last: number;
}

export class HttpError extends Error {
	readonly status: number;

	constructor(status: number) {
		super(`the server answered ${status}`);
		this.status = status;
	}

	/** What was asked for will not come back. */
	get isGone(): boolean {
		return this.status === 404 || this.status === 410;
	}
}

/** Gets a file whole. Throws HttpError, or what fetch throws. */
export async function get(url: string, stats: Stats, signal: AbortSignal): Promise<Answer> {
	stats.requests++;
	const sent = performance.now();
	const response = await fetch(url, { signal });
	const first = performance.now();
	if (!response.ok) {
		void response.body?.cancel();
		throw new HttpError(response.status);
	}
	const bytes = new Uint8Array(await response.arrayBuffer());
	stats.httpBytes += bytes.length;
	return { bytes, sent, first, last: performance.now() };
}
