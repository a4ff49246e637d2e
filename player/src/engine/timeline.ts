// What is known of one rendition: the heads that make its playlist, and how far
// playback may go.
import { isWhole, mediaPlaylist, type Segment, segments } from "../playlist.ts";
import type { Head } from "../wire/heads.ts";
import type { Manifest } from "../wire/manifest.ts";

/** Microseconds of heads that are kept at least, and target durations. */
const window = { least: 30e6, targets: 6 };
/**
 * Heads that may come before those that lead to them, and microseconds between: viewers
 * announce what is new while the server still sends what was before.
 */
const early = { most: 6, within: 2e6 };

export class Timeline {
	/** Without holes, oldest first. */
	#heads: Head[] = [];
	/** Those beyond a hole that may be filled yet, by number. */
	#early = new Map<number, Head>();
	readonly #ready = new Set<number>();
	readonly #lost = new Set<number>();
	#edge = -1;
	#hasBegun = false;
	#waiting: (() => void)[] = [];
	#ended = false;
	/** Media sequence number of the segment that playback begins in. */
	#firstMsn: number | null = null;
	readonly #isWhole: boolean;
	#window: number;

	constructor(manifest: Manifest) {
		this.#isWhole = isWhole(manifest);
		this.#window = Math.max(window.least, window.targets * manifest.targetDuration);
	}

	/** Number of the last part that there is without a hole, -1 before the first. */
	get edge(): number {
		return this.#edge;
	}

	/**
	 * Number of the last part that the playlist shows, -1 before the first: where it lists
	 * whole segments, a slice of one is no news. (A playlist that is the same as before
	 * makes hls.js wait for half a target duration.)
	 */
	get shown(): number {
		if (!this.#isWhole) return this.#edge;
		const last = this.#heads.findLast(
			({ number, segmentEnd }) => number <= this.#edge && segmentEnd,
		);
		return last?.number ?? -1;
	}

	get ended(): boolean {
		return this.#ended;
	}

	get newest(): Head | undefined {
		return this.#heads.at(-1);
	}

	get oldest(): Head | undefined {
		return this.#heads[0];
	}

	/** Whether something was announced that is not there yet. */
	get isBehind(): boolean {
		return this.#hasBegun && (this.newest?.number ?? -1) > this.#edge;
	}

	head(number: number): Head | undefined {
		const first = this.#heads[0];
		return first && this.#heads[number - first.number];
	}

	/** Takes a head; those from before a hole that stays are dropped, since nothing leads over it. */
	add(head: Head): void {
		const { newest } = this;
		if (newest && head.number <= newest.number) return;
		this.#early.set(head.number, head);
		const isNext = head.number === (newest?.number ?? head.number - 1) + 1;
		const isFar = head.start - (newest?.start ?? 0) > early.within;
		const hasHole = !isNext && (isFar || this.#early.size > early.most);
		let number = isNext || hasHole ? head.number : newest!.number + 1;
		if (hasHole) {
			this.#heads = [];
			while (this.#early.has(number - 1)) number--;
		}
		for (let next = this.#early.get(number); next; next = this.#early.get(++number))
			this.#heads.push(next);
		for (const before of this.#early.keys()) if (before < number) this.#early.delete(before);
		this.#trim(head.start - this.#window);
		this.#advance();
	}

	/** Takes what was before, from a segment's beginning on; all of it can be played. */
	prepend(older: readonly Head[]): void {
		const { oldest, newest } = this;
		if (!oldest || !newest || older.at(-1)?.number !== oldest.number - 1) return;
		const fresh = older.slice(
			Math.max(
				0,
				older.findIndex(({ index }) => index === 0),
			),
		);
		this.#heads.unshift(...fresh);
		for (const { number } of fresh) this.#ready.add(number);
		this.#window = Math.max(this.#window, newest.start - fresh[0]!.start);
		this.#firstMsn = null;
	}

	/** Forgets segments that ended before `start`: whole ones, as a playlist may (§6.2.2). */
	#trim(start: number): void {
		const first = this.#heads.find((head) => head.start + head.duration > start);
		const keep = this.#heads.findIndex((head) => head.msn === first?.msn);
		for (const { number } of this.#heads.splice(0, Math.max(0, keep))) {
			this.#ready.delete(number);
			this.#lost.delete(number);
		}
	}

	/** Shows all heads that are there: playback can begin, and asks for what it wants. */
	begin(): void {
		const { oldest } = this;
		if (!oldest) return;
		this.#hasBegun = true;
		this.#firstMsn = oldest.msn;
		this.#edge = Math.max(this.#edge, this.newest?.number ?? -1);
		this.#wake();
	}

	/** Whether the playlist begins with a gap (leadOf). */
	get hasLead(): boolean {
		return this.#firstMsn !== null && this.oldest?.msn === this.#firstMsn;
	}

	/** A part can be played; false when that was known already. */
	ready(number: number): boolean {
		const isNew = !this.#ready.has(number);
		this.#ready.add(number);
		this.#lost.delete(number);
		this.#advance();
		return isNew;
	}

	/** Whether all parts from the oldest to this one are there. */
	isWhole(number: number): boolean {
		return this.#heads.every((head) => head.number > number || this.#isDone(head.number));
	}

	/** A part can't be had: playback steps over it. */
	lose(number: number): void {
		this.#lost.add(number);
		this.#advance();
	}

	/**
	 * Forgets what is more than `behind` microseconds before the newest head, down to
	 * an independent part: a new playlist begins there. Null when nothing is known.
	 */
	restart(behind: number): Head | null {
		const newest = this.newest;
		if (!newest) return null;
		const latest = newest.start + newest.duration - behind;
		const from = this.#heads.findLastIndex((head) => head.independent && head.start <= latest);
		return this.#cut(from);
	}

	/** Forgets what ends before `start`. */
	restartAt(start: number): void {
		this.#cut(this.#heads.findIndex((head) => head.start + head.duration > start));
	}

	#cut(from: number): Head | null {
		this.#heads.splice(0, Math.max(0, from));
		this.begin();
		return this.oldest ?? null;
	}

	/** No more heads will come. */
	end(): void {
		this.#ended = true;
		this.#edge = Math.max(this.#edge, this.newest?.number ?? -1);
		this.#wake();
	}

	#advance(): void {
		if (!this.#hasBegun) return;
		const before = this.#edge;
		const first = this.#heads[0]?.number ?? 0;
		if (this.#edge < first - 1) this.#edge = first - 1;
		while (this.#isDone(this.#edge + 1)) this.#edge++;
		if (this.#edge > before) this.#wake();
	}

	#isDone(number: number): boolean {
		return this.head(number) !== undefined && (this.#ready.has(number) || this.#lost.has(number));
	}

	#wake(): void {
		for (const wake of this.#waiting.splice(0)) wake();
	}

	/** Resolves when the playlist shows more than `edge`, or has ended; false after `ms`. */
	async beyond(edge: number, ms: number): Promise<boolean> {
		const until = performance.now() + ms;
		for (;;) {
			if (this.#hasBegun && (this.shown > edge || this.#ended)) return true;
			const left = until - performance.now();
			if (left <= 0) return false;
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, left);
				this.#waiting.push(() => {
					clearTimeout(timer);
					resolve();
				});
			});
		}
	}

	/** The longest time between two independent parts, or since the last, in microseconds. */
	get keyframeDistance(): number {
		let last = this.oldest?.start ?? 0;
		let longest = 0;
		for (const { start, independent } of this.#heads) {
			longest = Math.max(longest, start - last);
			if (independent) last = start;
		}
		return longest;
	}

	/** How long the longest segment is of which all is known, in microseconds; 0 without one. */
	get longestSegment(): number {
		const whole = segments(this.#heads).filter(
			({ parts }) => parts[0]?.index === 0 && parts.at(-1)?.segmentEnd,
		);
		return Math.max(0, ...whole.map(({ parts }) => parts.reduce((sum, p) => sum + p.duration, 0)));
	}

	/** All heads, oldest first. */
	heads(): readonly Head[] {
		return this.#heads;
	}

	/** The parts of a segment that are known. */
	segment(msn: number): Head[] {
		return this.#heads.filter((head) => head.msn === msn);
	}

	#segments(): Segment[] {
		return segments(this.#heads.filter((head) => head.number <= this.#edge));
	}

	playlist(manifest: Manifest, hasInits: boolean, zero: number): string {
		const isLost = (number: number) => this.#lost.has(number);
		return mediaPlaylist({
			manifest,
			hasInits,
			zero,
			segments: this.#segments(),
			withLead: this.hasLead && !isWhole(manifest),
			isLost,
			ended: this.#ended,
		});
	}
}
