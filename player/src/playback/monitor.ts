// Watches a playing video for stalls: more than 100 ms without advance, or a jump.

/** Milliseconds without advance that make a stall. */
const stallAfter = 100;
/** Seconds that the playhead may be off from where its rate should have taken it. */
const jumpBeyond = 0.1;

export interface Look {
	/** Milliseconds, any clock. */
	now: number;
	/** The playhead, in seconds. */
	time: number;
	rate: number;
	/** It should be playing: begun, not paused, not seeking on purpose, visible. */
	isPlaying: boolean;
}

export class Monitor {
	stalls = 0;
	stalledSeconds = 0;
	#last: Look | null = null;
	#stoodSince: number | null = null;
	#isStalled = false;
	/** What the stall that goes on added to stalledSeconds. */
	#added = 0;

	get isStalled(): boolean {
		return this.#isStalled;
	}

	/** Forgets where the playhead was: it is about to be moved on purpose. */
	reset(): void {
		this.#last = null;
		this.#stoodSince = null;
		this.#isStalled = false;
	}

	/** The playhead is moved ahead to catch up: a stall, if it does not stand already. */
	jumped(): void {
		if (!this.#isStalled) this.stalls++;
		this.reset();
	}

	/** It stands because there is nothing more to come: that is no stall. */
	hasEnded(): void {
		if (this.#isStalled) {
			this.stalls--;
			this.stalledSeconds -= this.#added;
		}
		this.reset();
	}

	/** Takes a look; true when a stall has just begun. */
	look(look: Look): boolean {
		const last = this.#last;
		if (!look.isPlaying) {
			this.reset();
			return false;
		}
		this.#last = look;
		if (!last) return false;
		const moved = look.time - last.time;
		if (moved === 0) return this.#stands(last, look);
		const wasStalled = this.#isStalled;
		this.#stoodSince = null;
		this.#isStalled = false;
		// Coming out of a stall may jump; that was counted.
		const expected = ((look.now - last.now) / 1000) * Math.max(look.rate, last.rate);
		const isJump = moved < -jumpBeyond || moved > expected + jumpBeyond;
		if (isJump && !wasStalled) this.stalls++;
		return false;
	}

	#stands(last: Look, look: Look): boolean {
		this.#stoodSince ??= last.now;
		if (this.#isStalled) {
			this.#add((look.now - last.now) / 1000);
			return false;
		}
		const stood = look.now - this.#stoodSince;
		if (stood <= stallAfter) return false;
		this.#isStalled = true;
		this.stalls++;
		this.#added = 0;
		this.#add(stood / 1000);
		return true;
	}

	#add(seconds: number): void {
		this.stalledSeconds += seconds;
		this.#added += seconds;
	}
}
