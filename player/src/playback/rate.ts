// How fast to play so that everybody is the same few moments behind live: a pure
// rule, seconds in and a rate out.
import { HoldBack } from "./holdback.ts";

export interface Moment {
	/** Any clock, in seconds. */
	now: number;
	/** Behind the server's clock. */
	latency: number;
	/** Media ahead of the playhead. */
	buffer: number;
}

/** Seconds after their first moment at which parts come, before any came. */
const usualDelay = 0.35;
/** Seconds from the arrival of late parts to their playing. */
const margin = 0.3;
/** Above what the arrival of parts usually asks for, no more than this is waited for. */
const patience = 0.9;
/** Seconds. */
const memory = 10;
/** Farther behind, playback jumps rather than catches up for 10 s and more. */
const jumps = { from: 1.2, apart: 10, keep: 0.6 };
/**
 * Seconds off the target from which the rate corrects, and until when; in hundredths, the
 * rates. Where whole segments leave plenty of room, there is no hurry.
 */
const usually = { from: 0.12, until: 0.03, slowest: 95, fastest: 110 };
const calmly = { from: 0.5, until: 0.1, slowest: 97, fastest: 103 };
/** In hundredths; a step is what it changes by at one time, five times a second. */
const rates = { slowest: 95, usual: 100, step: 1 };
/** Seconds of buffer below which it slows down at once, and is not hurried through. */
const scarce = { slow: 0.12, fast: 0.35 };

/** Keeps the distance to live near a target that follows how parts arrive. */
export class RateControl {
	#arrivals: { at: number; delay: number }[] = [];
	/** From the moment at which parts usually come to their playing. */
	readonly holdBack = new HoldBack();
	/** Seconds behind live to keep at least. */
	least = 0;
	/** Keeps that distance without hurry. */
	isCalm = false;
	#isCorrecting = false;
	#rate = rates.usual;
	#jumpedAt = Number.NEGATIVE_INFINITY;

	/** Keeps so many seconds at least: those that were wished for, and those that the stream needs. */
	keep(wished: number, needed: number): void {
		this.least = Math.max(wished, needed);
		this.isCalm = needed > 0;
	}

	/**
	 * A part became playable at `now`, `delay` seconds after its first moment
	 * happened: nobody can be closer to live than that.
	 */
	arrived(now: number, delay: number): void {
		this.#arrivals.push({ at: now, delay });
		const since = now - memory;
		this.#arrivals = this.#arrivals.filter(({ at }) => at >= since);
	}

	/** Seconds behind live to aim for. */
	get target(): number {
		const delays = this.#arrivals.map(({ delay }) => delay).sort((a, b) => a - b);
		const usual = delays[Math.floor(delays.length / 2)] ?? usualDelay;
		const late = delays[Math.floor(delays.length * 0.98)] ?? usual;
		return Math.max(
			this.least,
			usual + this.holdBack.value,
			Math.min(late, usual + patience) + margin,
		);
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
		this.holdBack.update(now, buffer);
		const error = latency - this.target;
		const { from, until } = this.#manner;
		this.#isCorrecting = Math.abs(error) > (this.#isCorrecting ? until : from);
		const wanted = this.#wanted(error, buffer);
		// Nobody hears a rate that changes slowly.
		const next = Math.min(this.#rate + rates.step, Math.max(this.#rate - rates.step, wanted));
		this.#rate = buffer < scarce.slow ? rates.slowest : next;
		return this.#rate / 100;
	}

	#wanted(error: number, buffer: number): number {
		if (!this.#isCorrecting) return rates.usual;
		// Little is left in the buffer: being late is better than running dry.
		if (error > 0 && buffer < scarce.fast) return rates.usual;
		const wanted = rates.usual + Math.round(error * 20);
		const { slowest, fastest } = this.#manner;
		return Math.min(fastest, Math.max(slowest, wanted));
	}

	get #manner() {
		return this.isCalm ? calmly : usually;
	}
}
