// The one feed that is open, if any: a new one takes over from the one before.
import { type FeedRequest, type Frame, readFeed, type Wanted } from "../net/feed.ts";
import { HttpError } from "../net/http.ts";
import { isWhole } from "../playlist.ts";
import type { Stats } from "../stats.ts";
import type { Trust } from "../trust.ts";
import type { Head } from "../wire/heads.ts";
import type { Manifest } from "../wire/manifest.ts";
import {
	type Data,
	decodeFeedData,
	decodeInit,
	type InitSegment,
	type as messageType,
} from "../wire/messages.ts";

export interface FeedOptions {
	base: string;
	trust: Trust;
	stats: Stats;
	/** Ends everything. */
	signal: AbortSignal;
	onHeads: (heads: Head[], payload: Uint8Array) => void;
	onManifest: (manifest: Manifest) => void;
	onData: (data: Data) => void;
	onInit: (init: InitSegment) => void;
	/** It failed or ended; milliseconds that the server wants to be left alone. */
	onLost: (retryAfter: number) => void;
	/** The server knows nothing of the broadcast any more: it was started anew. */
	onGone: () => void;
	/** What came at one go when it began, and how many milliseconds that took. */
	onBurst: (bytes: number, ms: number) => void;
	/** Called for each piece that came, before it is read. */
	onPiece: (bytes: number) => void;
}

/** Nothing for this many milliseconds, and what was waiting at the server has come. */
const burstGap = 60;

/**
 * Milliseconds: heads come with every part; of streams that have whole segments only,
 * manifests do every 5 s.
 */
const silence = { parts: 2500, whole: 12_000 };

export class Feed {
	readonly #options: FeedOptions;
	#current: AbortController | null = null;
	#wanted: readonly Wanted[] = [];
	/** The line is too slow for what came until now: it would be in the way. */
	isHurried = false;

	constructor(options: FeedOptions) {
		this.#options = options;
		options.signal.addEventListener("abort", () => this.#current?.abort());
	}

	/** Nothing for so many milliseconds, and the connection is taken for dead. */
	get patience(): number {
		const { manifest } = this.#options.trust;
		return manifest && isWhole(manifest) ? silence.whole : silence.parts;
	}

	/**
	 * Reads what is wanted from now on. The feed before goes on until the new one answers, or
	 * in a hurry, ends at once.
	 */
	read(wanted: readonly Wanted[], seed: boolean): void {
		const before = this.#current;
		this.#current = null;
		this.#wanted = wanted;
		if (this.isHurried) before?.abort();
		if (wanted.length === 0) return before?.abort();
		const current = new AbortController();
		this.#current = current;
		void this.#run({ wanted, seed }, current, () => before?.abort());
	}

	/** The stripes of a rendition that it is to bring, as bits. */
	stripes(name: string): number {
		return this.#wanted.find((wanted) => wanted.name === name)?.stripes ?? 0;
	}

	/** Counts bytes, and watches the link at the beginning: live parts say nothing of it. */
	#counter(): (bytes: number) => void {
		const { stats, onBurst, onPiece } = this.#options;
		let burst: { start: number; last: number; bytes: number } | null = null;
		let isOver = false;
		return (bytes) => {
			stats.httpBytes += bytes;
			onPiece(bytes);
			const at = performance.now();
			if (isOver) return;
			if (burst && at - burst.last > burstGap) {
				isOver = true;
				onBurst(burst.bytes, burst.last - burst.start);
			} else if (burst) burst = { ...burst, last: at, bytes: burst.bytes + bytes };
			// What came first may have waited together: only its time counts.
			else burst = { start: at, last: at, bytes: 0 };
		};
	}

	async #run(
		wish: Pick<FeedRequest, "wanted" | "seed">,
		current: AbortController,
		endBefore: () => void,
	): Promise<void> {
		const { base, stats } = this.#options;
		let watchdog = setTimeout(() => current.abort(), this.patience);
		let retryAfter = 0;
		let isGone = false;
		const count = this.#counter();
		stats.requests++;
		try {
			await readFeed({
				base,
				...wish,
				signal: current.signal,
				onOpen: endBefore,
				onFrames: (frames) => this.#take(frames, current.signal),
				onBytes: (bytes) => {
					count(bytes);
					clearTimeout(watchdog);
					watchdog = setTimeout(() => current.abort(), this.patience);
				},
			});
		} catch (error) {
			// The server is away, or what it sent is not to be believed.
			if (error instanceof HttpError) ({ retryAfter, isGone } = error);
		}
		clearTimeout(watchdog);
		endBefore();
		current.abort();
		const { signal, trust, onLost, onGone } = this.#options;
		if (this.#current !== current) return;
		this.#current = null;
		if (signal.aborted || trust.manifest?.ended) return;
		if (isGone) onGone();
		else onLost(retryAfter);
	}

	async #take(frames: Frame[], signal: AbortSignal): Promise<void> {
		const { trust, onHeads, onManifest, onData, onInit } = this.#options;
		for (const { type, payload } of frames) {
			if (type === messageType.data) onData(decodeFeedData(payload));
			else if (type === messageType.init) onInit(decodeInit(payload));
			else if (type === messageType.heads) {
				const heads = await trust.acceptHeads(payload);
				if (signal.aborted) return;
				onHeads(heads, payload);
			} else if (type === messageType.manifest) {
				const manifest = await trust.acceptManifest(payload);
				if (signal.aborted) return;
				if (manifest) onManifest(manifest);
			}
		}
	}
}
