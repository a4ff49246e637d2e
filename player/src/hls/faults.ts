// What is done about errors that hls.js does not get over: a few times it is helped up,
// at longer and longer distances.

/** Milliseconds within which so many errors are too many. */
const [within, most] = [30_000, 5];
/** Milliseconds; times the errors there were lately. */
const distance = 500;

export class Faults {
	#times: number[] = [];

	/**
	 * Milliseconds after which to begin anew; 0: hls.js recovers by itself; null: there were
	 * too many.
	 */
	next(isOfMedia: boolean, now: number): number | null {
		this.#times = [...this.#times.filter((at) => now - at < within), now];
		const { length } = this.#times;
		if (length > most) return null;
		return isOfMedia && length === 1 ? 0 : distance * length;
	}
}
