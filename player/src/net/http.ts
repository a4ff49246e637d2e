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

/** Milliseconds: no server is waited for longer. */
const mostWait = 60_000;

export class HttpError extends Error {
	readonly status: number;
	/** Milliseconds after which the server may be asked again; 0 when it doesn't say. */
	readonly retryAfter: number;

	constructor(response: Response) {
		super(`the server answered ${response.status}`);
		this.status = response.status;
		const { headers } = response;
		const wait = headers.get("retry-after-ms") ?? Number(headers.get("retry-after")) * 1000;
		this.retryAfter = Math.min(mostWait, Math.max(0, Math.round(Number(wait)) || 0));
		void response.body?.cancel();
	}

	/** What was asked for will not come back. */
	get isGone(): boolean {
		return this.status === 404 || this.status === 410;
	}
}

/** The bytes of a file that are wanted, from `start` up to but without `end`. */
export interface ByteRange {
	start: number;
	end: number;
}

/** Gets a file, or a range of it. Throws HttpError, or what fetch throws. */
export async function get(
	url: string,
	stats: Stats,
	signal: AbortSignal,
	range?: ByteRange,
	cache: RequestCache = "default",
): Promise<Answer> {
	stats.requests++;
	const sent = performance.now();
	const headers: Record<string, string> = range
		? { Range: `bytes=${range.start}-${range.end - 1}` }
		: {};
	const response = await fetch(url, { signal, headers, cache });
	const first = performance.now();
	if (!response.ok) throw new HttpError(response);
	let bytes = new Uint8Array(await response.arrayBuffer());
	stats.httpBytes += bytes.length;
	// A server may send all although a part of it was asked for.
	if (range && response.status === 200) bytes = bytes.slice(range.start, range.end);
	return { bytes, sent, first, last: performance.now() };
}
