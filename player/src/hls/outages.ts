// When playback has to begin anew: it is stuck though something comes, or something comes again
// after an outage. While nothing comes it would be in vain.
import type { Engine } from "../engine/engine.ts";
import { isWhole } from "../playlist.ts";

/** Milliseconds without advance, though parts come in, before playback begins anew. */
const stuckFor = 2500;
/** The same, before it has begun. */
const startFor = 8000;
/** Milliseconds without heads of which something can still be stuck here. */
const heardWithin = 1000;
/** Milliseconds without heads that are an outage: of parts; of whole segments, which come seldom. */
const outage = { parts: 1500, whole: 12_000 };
/** The same on another network, where nothing fails that is open, and just brings nothing. */
const moved = 600;
/** Milliseconds from one beginning to the next, unless there is a reason. */
const apart = 5000;
/** Milliseconds after an outage for which what waited at the server comes in. */
const waitedFor = 2000;

export class Outages {
	readonly #engine: Pick<Engine, "manifest" | "quiet">;
	readonly #now: () => number;
	#begunAt = 0;
	/** When nothing came, last: 0 once playback has begun anew for it; and ever. */
	#quietAt = 0;
	#onAt = Number.NEGATIVE_INFINITY;
	#stuckSince: number | null = null;

	constructor(engine: Pick<Engine, "manifest" | "quiet">, now: () => number) {
		this.#engine = engine;
		this.#now = now;
	}

	/** Playback begins. */
	begin(): void {
		this.#begunAt = this.#now();
	}

	/** Playback is about to begin anew: outages are of before. */
	restart(): void {
		this.#quietAt = 0;
	}

	/** Milliseconds since playback began. */
	get sinceBegun(): number {
		return this.#now() - this.#begunAt;
	}

	/** To be called again and again. */
	look(): void {
		if (this.isOn) this.#quietAt = this.#onAt = this.#now();
	}

	/** Nothing came until a moment ago: how late something is now says nothing of the way. */
	get wasOn(): boolean {
		return this.#now() - this.#onAt < waitedFor;
	}

	/** Nothing comes, for longer than is usual. */
	get isOn(): boolean {
		const { manifest, quiet } = this.#engine;
		return quiet > (isWhole(manifest) ? outage.whole : outage.parts);
	}

	/** Something comes again, and nothing did for a while since playback began. */
	get isOver(): boolean {
		return this.#quietAt > this.#begunAt && !this.isOn;
	}

	/** What is open brings nothing any more; `isMoved`: since a moment ago, on another network. */
	isDead(isMoved: boolean): boolean {
		return isMoved ? this.#engine.quiet > moved : this.isOn;
	}

	/** Whether to begin anew brings live: not while nothing comes, nor twice at once. */
	canReturn(isWish: boolean): boolean {
		return !this.isOn && (isWish || this.isOver || this.sinceBegun > apart);
	}

	/**
	 * Whether playback, which does not move now, or not yet, is to begin anew for it; to be
	 * called again and again.
	 */
	isStuck(stands: boolean, hasStarted: boolean): boolean {
		const now = this.#now();
		if (!stands || this.#engine.quiet > heardWithin) this.#stuckSince = null;
		else this.#stuckSince ??= now;
		const patience = hasStarted ? stuckFor : startFor;
		if (this.#stuckSince === null || now - this.#stuckSince < patience) return false;
		this.#stuckSince = null;
		return true;
	}
}
