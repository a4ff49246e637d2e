// How much room the line has: small requests of which the time is taken; and what the feed
// brings while it is behind.
import { type ByteRange, get } from "../net/http.ts";
import { Line } from "../playback/line.ts";
import type { Stats } from "../stats.ts";
import { allStripes } from "../wire/chunks.ts";
import type { Tracks } from "./tracks.ts";

/** Parts before the newest one that are fetched: they are there, and not yet old. */
const back = 2;
/**
 * Bytes that tell whether the line has room: what a server sends at one go to begin with,
 * so that no round trip counts. Milliseconds that they may take.
 */
const check = { bytes: 12_000, within: 400 };
/** Milliseconds that a part may take that tells whether there is room for more. */
const probeWithin = 500;

/** Milliseconds within which the browser tells of a request that ended. */
const noticed = 100;

export interface Measured {
	bytes: number;
	/** From the first byte to the last, in milliseconds. */
	ms: number;
}

export class Measure {
	readonly #tracks: Tracks;
	readonly #stats: Stats;
	readonly #line = new Line();

	constructor(tracks: Tracks, stats: Stats) {
		this.#tracks = tracks;
		this.#stats = stats;
	}

	/** A piece of the feed came. It tells of the line where all of the picture comes by it. */
	came(bytes: number, feed: { stripes(name: string): number }): void {
		const { main, timelines } = this.#tracks;
		const name = main === undefined ? "" : this.#tracks.rendition(main).name;
		if (feed.stripes(name) !== allStripes) return this.#line.reset();
		const isBehind = timelines.some((timeline) => timeline.isBehind);
		this.#line.came(bytes, isBehind, performance.now());
	}

	/** Bit/s at which a feed that is behind comes in; null when it is not behind. */
	get pace(): number | null {
		return this.#line.rate(performance.now());
	}

	/** Fetches a recent part of a rendition; null if it can't, no bytes if not in time. */
	probe(name: string): Promise<Measured | null> {
		return this.#fetch(this.#tracks.index(name), probeWithin);
	}

	/**
	 * The line's room: bit/s of a few kilobytes, 0 when they don't come in time, null if they
	 * can't be had.
	 */
	async check(): Promise<number | null> {
		const { main } = this.#tracks;
		if (main === undefined) return null;
		const result = await this.#fetch(main, check.within, { start: 0, end: check.bytes });
		return result && (result.bytes * 8000) / Math.max(1, result.ms);
	}

	async #fetch(rendition: number, within: number, range?: ByteRange): Promise<Measured | null> {
		const { main } = this.#tracks;
		const newest = main === undefined ? null : this.#tracks.timeline(main).newest;
		if (!newest) return null;
		const url = this.#tracks.partUrl(rendition, Math.max(0, newest.number - back));
		const watch = new Watch(url);
		const patience = new AbortController();
		const timer = setTimeout(() => patience.abort(), within);
		try {
			const { bytes, first, last } = await get(
				url,
				this.#stats,
				patience.signal,
				range,
				"no-store",
			);
			return { bytes: bytes.length, ms: (await watch.duration()) ?? last - first };
		} catch {
			return patience.signal.aborted ? { bytes: 0, ms: within } : null;
		} finally {
			clearTimeout(timer);
			watch.end();
		}
	}
}

/**
 * Takes the time of a request where the browser does its networking: what a page that
 * is busy notices late is not the line's fault. Servers of other origins have to allow it.
 */
class Watch {
	readonly #observer: PerformanceObserver;
	readonly #url: string;
	#found: (ms: number) => void = () => {};
	readonly #duration = new Promise<number>((resolve) => {
		this.#found = resolve;
	});

	constructor(url: string) {
		this.#url = url;
		this.#observer = new PerformanceObserver((list) => this.#look(list.getEntriesByName(url)));
		this.#observer.observe({ type: "resource" });
	}

	#look(entries: readonly PerformanceEntry[]): void {
		const entry = entries.at(-1) as PerformanceResourceTiming | undefined;
		if (entry?.name === this.#url && entry.responseStart > 0)
			this.#found(entry.responseEnd - entry.responseStart);
	}

	/** Milliseconds from the first byte to the last; null when nobody says. */
	duration(): Promise<number | null> {
		const patience = new Promise<null>((resolve) => setTimeout(() => resolve(null), noticed));
		return Promise.race([this.#duration, patience]);
	}

	end(): void {
		this.#observer.disconnect();
	}
}
