// Keeps a feed open for the renditions that are followed, whatever happens.
import { type Frame, readFeed } from "../net/feed.ts";
import type { Stats } from "../stats.ts";
import type { Trust } from "../trust.ts";
import type { Head } from "../wire/heads.ts";
import type { Manifest } from "../wire/manifest.ts";
import { type as messageType } from "../wire/messages.ts";

export interface FeedOptions {
	base: string;
	trust: Trust;
	stats: Stats;
	/** Ends everything. */
	signal: AbortSignal;
	/** The number of the next head that a rendition needs; null begins live. */
	next: (rendition: string) => number | null;
	onHeads: (heads: Head[]) => void;
	onManifest: (manifest: Manifest) => void;
}

const backoff = { least: 200, most: 10_000 };
/** Nothing for this long, and the connection is taken for dead: manifests come every 5 s. */
const deadAfter = 12_000;

export class Feed {
	readonly #options: FeedOptions;
	#current: AbortController | null = null;
	#heardAt = performance.now();

	constructor(options: FeedOptions) {
		this.#options = options;
		options.signal.addEventListener("abort", () => this.#current?.abort());
	}

	/** Reads the heads of these renditions from now on, in place of those before. */
	read(renditions: string[]): void {
		this.#current?.abort();
		const current = new AbortController();
		this.#current = current;
		void this.#run(renditions, current);
	}

	async #run(renditions: string[], current: AbortController): Promise<void> {
		let delay = backoff.least;
		while (!current.signal.aborted && !this.#options.signal.aborted) {
			const before = this.#heardAt;
			await this.#once(renditions, current.signal);
			if (this.#options.trust.manifest?.ended) return;
			// An answer that brought something was a good one.
			delay = this.#heardAt > before ? backoff.least : Math.min(backoff.most, delay * 2);
			await sleep(delay * (0.5 + Math.random()), current.signal);
		}
	}

	async #once(renditions: string[], signal: AbortSignal): Promise<void> {
		const { base, stats } = this.#options;
		const from = new Map<string, number>();
		for (const name of renditions) {
			const next = this.#options.next(name);
			if (next !== null) from.set(name, next);
		}
		const attempt = new AbortController();
		const stop = () => attempt.abort();
		signal.addEventListener("abort", stop);
		let watchdog = setTimeout(stop, deadAfter);
		stats.requests++;
		try {
			await readFeed({
				base,
				renditions,
				from,
				signal: attempt.signal,
				onFrames: (frames) => this.#take(frames, attempt.signal),
				onBytes: (bytes) => {
					stats.httpBytes += bytes;
					clearTimeout(watchdog);
					watchdog = setTimeout(stop, deadAfter);
				},
			});
		} catch {
			// The server is away, or what it sent is not to be believed: begin again.
		} finally {
			clearTimeout(watchdog);
			signal.removeEventListener("abort", stop);
			attempt.abort();
		}
	}

	async #take(frames: Frame[], signal: AbortSignal): Promise<void> {
		const { trust, onHeads, onManifest } = this.#options;
		const heads: Head[] = [];
		let newest: Manifest | null = null;
		for (const { type, payload } of frames) {
			if (type === messageType.manifest) newest = (await trust.acceptManifest(payload)) ?? newest;
			else if (type === messageType.heads) heads.push(...(await trust.acceptHeads(payload)));
		}
		if (signal.aborted) return;
		this.#heardAt = performance.now();
		if (heads.length > 0) onHeads(heads);
		if (newest) onManifest(newest);
	}
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(resolve, ms);
		signal.addEventListener("abort", () => {
			clearTimeout(timer);
			resolve();
		});
	});
}
