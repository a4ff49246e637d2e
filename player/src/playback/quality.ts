// Which rendition to play: a pure rule. What comes from other viewers, and live parts
// from the server, come at the pace at which they are made: that says nothing of the
// link. Going up needs evidence of room: what a feed sends at one go when it begins, or
// a part that was fetched to find out. Going down needs parts that are late, or a buffer
// that stays thin.

export interface Choice {
	name: string;
	/** Peak rate in bit/s, sound included. */
	bandwidth: number;
	/** Pixels; 0 for sound alone. */
	height: number;
}

/** Bit/s that are assumed of a link of which nothing is known. */
const assumed = 5e6;
const headroom = { start: 0.7, up: 1.5 };
/** Seconds without trouble before going up, at first; doubled for each time it went wrong. */
const calm = { first: 10, most: 160 };
/** Bytes that measure something, and the shortest time, in milliseconds, that counts. */
const sampleLeast = { bytes: 4096, ms: 10 };
/** Seconds for which a measurement counts. */
const freshFor = 30;
/** Of the last parts, so many late ones are too many; after a stall, fewer are. */
const late = { of: 12, most: 6, stalled: 2 };
/** A buffer below these seconds for so long (seconds) is too thin. */
const thin = { below: 0.25, within: 2 };
/** Seconds after going up during which trouble is put down to it. */
const blamedFor = 30;

export class Quality {
	/** From the lowest bandwidth to the highest. */
	readonly #choices: Choice[];
	#current = 0;
	#estimate: number | null = null;
	#estimatedAt = Number.NEGATIVE_INFINITY;
	#quietSince = 0;
	#calm: number = calm.first;
	#late: boolean[] = [];
	#thinSince: number | null = null;
	#wentUpAt = Number.NEGATIVE_INFINITY;
	readonly #avoided = new Set<string>();

	/** `link` is what the browser says of the link, in bit/s. */
	constructor(choices: readonly Choice[], height: number, link: number | null) {
		this.#choices = [...choices].sort((a, b) => a.bandwidth - b.bandwidth);
		const room = (link ?? assumed) * headroom.start;
		for (let i = 0; i <= this.#highest(height); i++) {
			if (this.#choices[i]!.bandwidth <= room) this.#current = i;
		}
	}

	get current(): Choice {
		return this.#choices[this.#current]!;
	}

	/** The next lower one, or null. */
	get lower(): Choice | null {
		return this.#choices[this.#current - 1] ?? null;
	}

	/** The highest one that is not much larger than the place where it is shown. */
	#highest(height: number): number {
		const enough = this.#choices.findIndex((choice) => choice.height >= height);
		return enough < 0 ? this.#choices.length - 1 : enough;
	}

	/** The server sent `bytes` at one go, in `ms`. */
	sample(bytes: number, ms: number, now: number): void {
		if (bytes < sampleLeast.bytes) return;
		const rate = (bytes * 8000) / Math.max(sampleLeast.ms, ms);
		const isFresh = now - this.#estimatedAt < freshFor;
		this.#estimate = isFresh && this.#estimate !== null ? (this.#estimate + rate) / 2 : rate;
		this.#estimatedAt = now;
	}

	/** The link could not be measured: not so soon again. */
	unmeasured(now: number): void {
		this.#quietSince = now;
		this.#wait();
	}

	/** A part came in time, or so late that playback nearly had to wait. */
	arrived(isLate: boolean, now: number): void {
		this.#late.push(isLate);
		if (this.#late.length > late.of) this.#late.shift();
		if (isLate) this.#quietSince = now;
		if (this.#lateParts >= late.most) this.#down(now);
	}

	get #lateParts(): number {
		return this.#late.filter(Boolean).length;
	}

	/** So many seconds are ahead of the playhead. */
	buffered(seconds: number, now: number): void {
		if (seconds >= thin.below) this.#thinSince = null;
		else this.#thinSince ??= now;
		if (this.#thinSince === null) return;
		this.#quietSince = now;
		if (now - this.#thinSince >= thin.within) this.#down(now);
	}

	/** Playback ran dry; when parts came late it was too much. */
	stalled(now: number): void {
		this.#quietSince = now;
		if (this.#lateParts >= late.stalled) this.#down(now);
	}

	#down(now: number): void {
		this.#late = [];
		this.#thinSince = null;
		this.#estimate = null;
		this.#quietSince = now;
		// Up was too much: wait longer before the next try.
		if (now - this.#wentUpAt < blamedFor) this.#wait();
		if (this.#current > 0) this.#current--;
	}

	#wait(): void {
		this.#calm = Math.min(calm.most, this.#calm * 2);
	}

	/** The next higher one, if all is calm and it would be seen. */
	#next(now: number, height: number): Choice | null {
		const next = this.#choices[this.#current + 1];
		const since = Math.max(this.#quietSince, this.#wentUpAt);
		const isWanted = this.#current < this.#highest(height);
		if (!next || !isWanted || this.#avoided.has(next.name)) return null;
		return now - since >= this.#calm ? next : null;
	}

	/** What to measure the link with, now; null when there is no need. */
	toProbe(now: number, height: number): Choice | null {
		return now - this.#estimatedAt < freshFor ? null : this.#next(now, height);
	}

	/** What to play from now on, in a place of `height` pixels. */
	update(now: number, height: number): Choice {
		const next = this.#next(now, height);
		if (!next || this.#estimate === null || now - this.#estimatedAt >= freshFor)
			return this.current;
		this.#wentUpAt = now;
		if (this.#estimate > next.bandwidth * headroom.up) this.#current++;
		// There is no room: look again later.
		else this.#wait();
		this.#estimate = null;
		this.#estimatedAt = Number.NEGATIVE_INFINITY;
		return this.current;
	}

	/** Never goes up to this one. */
	avoid(name: string): void {
		this.#avoided.add(name);
	}

	/** Plays this one: it was chosen for another reason. */
	force(name: string): void {
		this.#current = Math.max(
			0,
			this.#choices.findIndex((choice) => choice.name === name),
		);
	}
}
