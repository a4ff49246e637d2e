// The renditions of a broadcast: which ones are followed, and what is known of each.
import type { Head } from "../wire/heads.ts";
import { kind, type Manifest, type Rendition } from "../wire/manifest.ts";
import { Timeline } from "./timeline.ts";

export class Tracks {
	/** Indices of the renditions that are followed, the main one first. */
	followed: readonly number[] = [];
	/** Those that were switched from a moment ago, and still come. */
	kept: readonly number[] = [];
	readonly #manifest: () => Manifest;
	readonly #base: string;
	readonly #timelines = new Map<number, Timeline>();

	constructor(base: string, manifest: () => Manifest) {
		this.#base = base;
		this.#manifest = manifest;
	}

	/** All that come. */
	get all(): number[] {
		return [...this.followed, ...this.kept];
	}

	/** The one that is watched; undefined before the first. */
	get main(): number | undefined {
		return this.followed[0];
	}

	/** Sound is all that is watched. */
	get isSound(): boolean {
		return this.main !== undefined && this.rendition(this.main).kind === kind.audio;
	}

	index(name: string): number {
		return this.#manifest().renditions.findIndex((r) => r.name === name);
	}

	rendition(index: number): Rendition {
		return this.#manifest().renditions[index]!;
	}

	initUrl(rendition: number, number: number): string {
		return `${this.#base}${this.rendition(rendition).name}/init${number}.mp4`;
	}

	partUrl(rendition: number, number: number): string {
		return `${this.#base}${this.rendition(rendition).name}/p${number}.m4s`;
	}

	timeline(rendition: number): Timeline {
		let timeline = this.#timelines.get(rendition);
		if (!timeline) {
			timeline = new Timeline(this.#manifest());
			this.#timelines.set(rendition, timeline);
		}
		return timeline;
	}

	/** The timelines of those that are followed, the main one first. */
	get timelines(): Timeline[] {
		return this.followed.map((r) => this.timeline(r));
	}

	/** What there is to follow with a rendition: the first sound, and itself. Null if it is. */
	wish(name: string): number[] | null {
		const wanted = this.index(name);
		if (wanted < 0 || this.main === wanted) return null;
		const isVideo = this.rendition(wanted).kind === kind.video;
		if (!isVideo && this.followed.includes(wanted)) return null;
		const audio = this.#manifest().renditions.findIndex((r) => r.kind === kind.audio);
		return [wanted, ...(isVideo ? [audio] : [])].filter((r) => r >= 0);
	}

	/** Follows others from now on; those before are kept, or given up and returned. */
	follow(renditions: readonly number[], keeps: boolean): number[] {
		const before = this.all.filter((r) => !renditions.includes(r));
		this.followed = renditions;
		this.kept = keeps ? before : [];
		return keeps ? [] : before;
	}

	/**
	 * Whether playback can go over to a rendition: all of it is there, as far as of the one
	 * before, or in a hurry what it begins with; `has` tells of init segments.
	 */
	isReady(name: string, isHurried: boolean, has: (url: string) => boolean): boolean {
		const rendition = this.index(name);
		const timeline = this.timeline(rendition);
		const { oldest, newest } = timeline;
		if (!oldest || !newest || timeline.edge < 0) return false;
		const { inits } = this.rendition(rendition);
		if (inits.length > 0 && !has(this.initUrl(rendition, newest.init))) return false;
		if (isHurried) return timeline.isWhole(oldest.number);
		// Behind the one before there would be nothing to play for a while.
		const end = newest.start + newest.duration;
		const isLevel = this.kept.every((r) => (this.timeline(r).newest?.start ?? 0) <= end);
		return isLevel && timeline.isWhole(newest.number - 1);
	}

	/** Forgets what was kept. */
	release(): void {
		for (const rendition of this.kept) this.#timelines.delete(rendition);
		this.kept = [];
	}

	/** Forgets a rendition: it begins anew when it is followed again. */
	forget(rendition: number): void {
		this.#timelines.delete(rendition);
	}

	/** No more heads will come. */
	end(): void {
		for (const timeline of this.#timelines.values()) timeline.end();
	}

	/**
	 * The wall clock at a position on the broadcast's timeline (seconds), in
	 * milliseconds since 1970; null when nothing is known of it.
	 */
	dateAt(seconds: number): number | null {
		const [head, position] = this.#headAt(seconds);
		return head ? head.programTime + (position - head.start) / 1e3 : null;
	}

	/** Whether the publisher was away at a position. */
	isAwayAt(seconds: number): boolean {
		const [head] = this.#headAt(seconds);
		return head !== undefined && (head.still === true || head.gap);
	}

	/** The head of a position, and the position in microseconds. */
	#headAt(seconds: number): [Head | undefined, number] {
		const position = seconds * 1e6;
		for (const rendition of this.followed) {
			const heads = this.timeline(rendition).heads();
			const head = heads.findLast(({ start }) => start <= position) ?? heads[0];
			if (head) return [head, position];
		}
		return [undefined, position];
	}
}
