import { constants } from "./types.ts";

/** The bytes that may be uploaded now (docs/protocol.md §6.1, rule 7). */
export class Budget {
	/** Bytes a second; 0 is unlimited, -1 none. */
	readonly #rate: number;
	#left: number;
	#at = 0;

	constructor(rate: number) {
		this.#rate = rate;
		this.#left = this.#most;
	}

	get #most(): number {
		return Math.max(this.#rate, constants.BUDGET);
	}

	/** Takes the bytes of a chunk. */
	take(bytes: number): void {
		if (this.#rate > 0) this.#left -= bytes;
	}

	isSpent(now: number): boolean {
		if (this.#rate <= 0) return this.#rate < 0;
		this.#left = Math.min(this.#most, this.#left + ((now - this.#at) * this.#rate) / 1000);
		this.#at = now;
		return this.#left <= 0;
	}
}
