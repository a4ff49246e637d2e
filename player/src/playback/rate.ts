// How fast to play so that everybody is the same few moments behind live: a pure
// rule, seconds in and a rate out.

export interface Moment {
	/** Any clock, in seconds. */
	now: number;
	/** Behind the server's clock. */
	latency: number;
	/** Media ahead of the playhead. */
	buffer: number;
}

/** Seconds. */
const margin = 0.6;
const least = 0.9;
/** Above what the arrival of parts usually asks for, no more than this is waited for. */
const patience = 0.9;
const memory = 10;
const stallPenalty = { each: 0.25, most: 1, fadesIn: 60 };
/** Farther behind, playback jumps rather than catches up for 10 s and more. */
const jumps = { from: 1.2, apart: 10, keep: 0.6 };
const rates = { slowest: 0.95, fastest: 1.1 };

/** Keeps the distance to live near a target that follows how parts arrive. */
export class RateControl {
	#arrivals: { at: number; delay: number }[] = [];
	#penalty = 0;
	#updatedAt: number | null = null;
	#isCorrecting = false;
	#jumpedAt = Number.NEGATIVE_INFINITY;

	/**
	 * A part became playable at `now`, `delay` seconds after its first moment
	 * happened: nobody can be closer to live than that.
	 */
	arrived(now: number, delay: number): void {
		this.#arrivals.push({ at: now, delay });
		const since = now - memory;
		this.#arrivals = this.#arrivals.filter(({ at }) => at >= since);
	}

	/** Playback ran dry: keep more distance for a while. */
	stalled(): void {
		this.#penalty = Math.min(stallPenalty.most, this.#penalty + stallPenalty.each);
	}

	/** Seconds behind live to aim for. */
	get target(): number {
		const delays = this.#arrivals.map(({ delay }) => delay).sort((a, b) => a - b);
		const usual = delays[Math.floor(delays.length / 2)] ?? least - margin;
		const late = delays[Math.floor(delays.length * 0.98)] ?? usual;
		const needed = Math.min(Math.max(late, usual), usual + patience);
		return Math.max(least, needed + margin) + this.#penalty;
	}

	/**
	 * Seconds to jump ahead by, for who is far behind and has what comes later; mostly 0.
	 * Whoever asks does jump: the next one is not before 10 s.
	 */
	jump({ now, latency, buffer }: Moment): number {
		const ahead = Math.min(latency - this.target, buffer - jumps.keep);
		if (ahead < jumps.from || now - this.#jumpedAt < jumps.apart) return 0;
		this.#jumpedAt = now;
		return ahead;
	}

	/** The rate to play at from now on. */
	update({ now, latency, buffer }: Moment): number {
		const elapsed = this.#updatedAt === null ? 0 : now - this.#updatedAt;
		this.#updatedAt = now;
		this.#penalty = Math.max(
			0,
			this.#penalty - (elapsed * stallPenalty.most) / stallPenalty.fadesIn,
		);
		const error = latency - this.target;
		this.#isCorrecting = Math.abs(error) > (this.#isCorrecting ? 0.03 : 0.12);
		if (buffer < 0.12) return rates.slowest;
		if (!this.#isCorrecting) return 1;
		// Little is left in the buffer: being late is better than running dry.
		if (error > 0 && buffer < 0.35) return 1;
		const wanted = 1 + Math.round(error * 20) / 100;
		return Math.min(rates.fastest, Math.max(rates.slowest, wanted));
	}
}
