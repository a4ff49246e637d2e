// Tells a playback that stands for long, which is worth words, from one that just stalls.
import type { State } from "../stats.ts";

/** Milliseconds. */
const longFrom = 2000;

export class Standstill {
	#since: number | null = null;

	/** Whether it has stood for long at `now` (milliseconds). */
	isLong(state: State, now: number): boolean {
		const stands = state === "interrupted" || state === "stalled";
		this.#since = stands ? (this.#since ?? now) : null;
		return this.#since !== null && now - this.#since > longFrom;
	}
}
