// Which rendition to play: a pure rule. What comes from other viewers comes at the
// pace at which it is made, so that says nothing of the link; only what the server
// sends at one go does, and being late does.

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

export class Quality {
	/** From the lowest bandwidth to the highest. */
	readonly #choices: Choice[];
	#current = 0;
	#estimate: number | null = null;
	#quietSince = 0;
	#calm = calm.first;
	#late: boolean[] = [];
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

	/** The server sent `bytes` in `ms`. */
	sample(bytes: number, ms: number): void {
		if (bytes < 4096) return;
		const rate = Math.min(1e9, (bytes * 8000) / Math.max(1, ms));
		this.#estimate = this.#estimate === null ? rate : this.#estimate * 0.8 + rate * 0.2;
	}

	/** A part came in time, or too late to be waited for calmly. */
	arrived(isLate: boolean, now: number): void {
		this.#late.push(isLate);
		if (this.#late.length > 12) this.#late.shift();
		if (isLate) this.#quietSince = now;
		if (this.#late.filter(Boolean).length >= 6) this.#down(now);
	}

	/** Playback ran dry; when parts came late it was too much. */
	stalled(now: number): void {
		this.#quietSince = now;
		if (this.#late.filter(Boolean).length >= 2) this.#down(now);
	}

	#down(now: number): void {
		this.#late = [];
		// Up was too much: wait longer before the next try.
		if (now - this.#wentUpAt < 30) this.#calm = Math.min(calm.most, this.#calm * 2);
		if (this.#current > 0) this.#current--;
	}

	/** What to play from now on, in a place of `height` pixels. */
	update(now: number, height: number): Choice {
		const next = this.#choices[this.#current + 1];
		const isCalm = now - this.#quietSince >= this.#calm && now - this.#wentUpAt >= this.#calm;
		const isWanted = this.#current < this.#highest(height);
		if (!next || this.#avoided.has(next.name)) return this.current;
		if (isWanted && isCalm && (this.#estimate ?? 0) > next.bandwidth * headroom.up) {
			this.#current++;
			this.#wentUpAt = now;
		}
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
