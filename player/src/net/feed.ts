// The feed (docs/protocol.md §5): one long HTTP answer of manifests, heads and chunks.
import { allStripes, stripes as stripeCount } from "../wire/chunks.ts";
import { bounds, Malformed } from "../wire/codec.ts";
import { HttpError } from "./http.ts";

/** One frame of a feed: a message's type and its payload. */
export interface Frame {
	type: number;
	payload: Uint8Array;
}

/** Cuts a stream of bytes into frames, wherever the stream happens to be cut. */
export class FrameReader {
	#pending = new Uint8Array(0);

	/** Takes the next bytes and returns the frames that are now complete. */
	push(bytes: Uint8Array): Frame[] {
		const all = new Uint8Array(this.#pending.length + bytes.length);
		all.set(this.#pending);
		all.set(bytes, this.#pending.length);
		const frames: Frame[] = [];
		let at = 0;
		for (let next = frameAt(all, at); next; next = frameAt(all, at)) {
			frames.push({ type: all[at]!, payload: all.subarray(next.start, next.end) });
			at = next.end;
		}
		this.#pending = all.slice(at);
		return frames;
	}

	/** Fails when the stream ended within a frame. */
	end(): void {
		if (this.#pending.length > 0) throw new Malformed("cut off");
	}
}

/** Where the payload of the frame at `at` lies, or null while it isn't there whole. */
function frameAt(bytes: Uint8Array, at: number): { start: number; end: number } | null {
	let length = 0;
	for (let i = 1; at + i < bytes.length; i++) {
		const byte = bytes[at + i]!;
		length += (byte & 127) * 2 ** (7 * (i - 1));
		if (length >= bounds.message || i > 3) throw new Malformed("too long");
		if (i > 1 && byte === 0) throw new Malformed("integer longer than needed");
		if (byte < 128) {
			const start = at + i + 1;
			return start + length <= bytes.length ? { start, end: start + length } : null;
		}
	}
	return null;
}

/** What a feed is to bring of one rendition. */
export interface Wanted {
	name: string;
	/** As bits. */
	stripes: number;
	/** The first part, -1 for live. */
	from: number;
}

export interface FeedRequest {
	/** The broadcast's base URL, ending in a slash. */
	base: string;
	wanted: readonly Wanted[];
	/** The tracker's plan gives all of that to the server. */
	seed: boolean;
	signal: AbortSignal;
	/** The server answers: what comes now is this feed's. */
	onOpen: () => void;
	/** Called with the frames that came together, in order; the next ones wait for it. */
	onFrames: (frames: Frame[]) => Promise<void>;
	/** Called for each piece of the answer, with its size. */
	onBytes: (bytes: number) => void;
}

/** Reads a feed to its end. Throws on every other way in which it may stop. */
export async function readFeed(request: FeedRequest): Promise<void> {
	const url = feedUrl(request.base, request.wanted, request.seed);
	const response = await fetch(url, { signal: request.signal, cache: "no-store" });
	if (!response.ok || !response.body) throw new HttpError(response);
	request.onOpen();
	const reader = response.body.getReader();
	const frames = new FrameReader();
	for (;;) {
		const { done, value } = await reader.read();
		if (done) break;
		request.onBytes(value.length);
		const complete = frames.push(value);
		if (complete.length > 0) await request.onFrames(complete);
	}
	frames.end();
}

export function feedUrl(base: string, wanted: readonly Wanted[], seed = false): string {
	const names = wanted.map(({ name }) => name);
	const from = wanted.filter((w) => w.from >= 0).map((w) => `${w.name}:${w.from}`);
	const media = wanted.filter((w) => w.stripes > 0);
	const isAll = media.length === wanted.length && media.every((w) => w.stripes === allStripes);
	const stripes = isAll ? ["all"] : media.map((w) => `${w.name}:${list(w.stripes)}`);
	const query = [`r=${names.join()}`];
	if (from.length > 0) query.push(`from=${from.join()}`);
	if (media.length > 0) query.push(`stripes=${stripes.join()}`);
	if (seed) query.push("seed=1");
	return `${base}feed?${query.join("&")}`;
}

/** The stripes of a bitmap, as a feed's address has them. */
function list(bits: number): string {
	if (bits === allStripes) return "all";
	return Array.from({ length: stripeCount }, (_, s) => s)
		.filter((s) => (bits >> s) % 2 === 1)
		.join(".");
}
