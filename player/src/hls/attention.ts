// Whether the page was there: a page that is busy, or asleep, takes long to notice what came
// in time, and how late something seems to come then says nothing.

/** Milliseconds without a look after which it was busy, and after which it slept. */
const away = { busy: 200, slept: 2000 };
/** Milliseconds for which its figures are not to be trusted. */
const doubtedFor = 2000;

export class Attention {
	readonly #now: () => number;
	#lookedAt: number;
	#busyAt = Number.NEGATIVE_INFINITY;
	#sleptAt = Number.NEGATIVE_INFINITY;

	constructor(now: () => number = () => performance.now()) {
		this.#now = now;
		this.#lookedAt = now();
	}

	/** To be called more often than a busy page would. */
	look(): void {
		const now = this.#now();
		const gap = now - this.#lookedAt;
		this.#lookedAt = now;
		if (gap > away.busy) this.#busyAt = now;
		if (gap > away.slept) this.#sleptAt = now;
	}

	get wasBusy(): boolean {
		return this.#now() - this.#busyAt < doubtedFor;
	}

	/** It slept a moment ago, or sleeps still as far as anybody looked: what waited comes in. */
	get hasSlept(): boolean {
		const now = this.#now();
		return now - this.#lookedAt > away.slept || now - this.#sleptAt < doubtedFor;
	}
}
