// How quick the line is, as told by what the server sends while more is known to wait
// there: a pure rule. What comes when nothing waits comes at the pace at which it is made,
// and says nothing.

/**
 * Milliseconds of a pause that count at most: a longer one is a packet that got lost, or a
 * machine that was busy.
 */
const pause = 120;
/** Milliseconds after which something says nothing of the present. */
const old = 1500;
/** Milliseconds for which nothing came, though nothing was announced: the line was idle. */
const idle = 60;
/** Milliseconds of waiting that tell, the last ones, without idling; and bytes, at least. */
const enough = { ms: 300, bytes: 5000 };

export class Line {
	#pieces: { at: number; ms: number; bytes: number }[] = [];
	#last: number | null = null;

	/**
	 * Bytes came at `now` (milliseconds); `isWaiting` says whether more had been announced
	 * before they came.
	 */
	came(bytes: number, isWaiting: boolean, now: number): void {
		const ms = now - (this.#last ?? now);
		this.#last = now;
		if (isWaiting) this.#pieces.push({ at: now, ms: Math.min(pause, ms), bytes });
		// An announcement may have waited, too: what came just before it still counts.
		else if (ms > idle) this.#pieces = [];
		this.#pieces = this.#pieces.filter(({ at }) => at > now - old);
	}

	/** Something else comes in by other ways: nothing can be told. */
	reset(): void {
		this.#pieces = [];
		this.#last = null;
	}

	/** Bit/s at `now`; null while too little came to tell. */
	rate(now: number): number | null {
		let [ms, bytes] = [0, 0];
		for (let i = this.#pieces.length - 1; i >= 0 && ms < enough.ms; i--) {
			const piece = this.#pieces[i]!;
			if (piece.at <= now - old) break;
			ms += piece.ms;
			bytes += piece.bytes;
		}
		return ms < enough.ms || bytes < enough.bytes ? null : (bytes * 8000) / ms;
	}
}
