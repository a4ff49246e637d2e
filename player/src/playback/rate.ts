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

/**
 * Seconds from the moment at which parts usually come to their playing: at first; a
 * stall makes it more, quiet less.
 */
const holdBack = { first: 1, stalled: 0.25, most: 2.5, least: 0.7 };
/** Seconds after their first moment at which parts come, before any came. */
const usualDelay = 0.35;
/** Seconds by which the hold-back shrinks in each second without a stall. */
const shrinking = 0.05 / 10;
/** Seconds from the arrival of late parts to their playing. */
const margin = 0.5;
/** Above what the arrival of parts usually asks for, no more than this is waited for. */
const patience = 0.9;
/** Seconds. */
const memory = 10;
/** Farther behind, playback jumps rather than catches up for 10 s and more. */
const jumps = { from: 1.2, apart: 10, keep: 0.6 };
const rates = { slowest: 0.95, fastest: 1.1 };

/** Keeps the distance to live near a target that follows how parts arrive. */
export class RateControl {
	#arrivals: { at: number; delay: number }[] = [];
	#holdBack = holdBack.first;
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
		this.#holdBack = Math.min(holdBack.most, this.#holdBack + holdBack.stalled);
	}

	/** Seconds behind live to aim for. */
	get target(): number {
		const delays = this.#arrivals.map(({ delay }) => delay).sort((a, b) => a - b);
		const usual = delays[Math.floor(delays.length / 2)] ?? usualDelay;
		const late = delays[Math.floor(delays.length * 0.98)] ?? usual;
		return Math.max(usual + this.#holdBack, Math.min(late, usual + patience) + margin);
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
		this.#holdBack = Math.max(holdBack.least, this.#holdBack - elapsed * shrinking);
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
