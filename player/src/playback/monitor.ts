// Watches a playing video for stalls: more than 100 ms without advance, or a jump.

/** Milliseconds without advance that make a stall. */
const stallAfter = 100;
/** Seconds that the playhead may be off from where its rate should have taken it. */
const jumpBeyond = 0.1;
/** Time that clocks disagree by without anything having stood: milliseconds, and a share. */
const noise = { least: 10, share: 0.1 };

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
	/** Milliseconds that the playhead fell behind by, since it last went on as it should. */
	#lost = 0;
	#isStalled = false;
	/** What the stall that goes on added to stalledSeconds. */
	#added = 0;

	get isStalled(): boolean {
		return this.#isStalled;
	}

	/** Forgets where the playhead was: it is about to be moved on purpose. */
	reset(): void {
		this.#last = null;
		this.#goesOn();
	}

	#goesOn(): void {
		this.#lost = 0;
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
		const elapsed = look.now - last.now;
		const most = (elapsed / 1000) * Math.max(look.rate, last.rate);
		if (moved < -jumpBeyond || moved > most + jumpBeyond) {
			// Coming out of a stall may jump; that was counted.
			if (!this.#isStalled) this.stalls++;
			this.#goesOn();
			return false;
		}
		return this.#fellBehind(elapsed * Math.min(look.rate, last.rate) - moved * 1000, elapsed);
	}

	/**
	 * Looks are far between: where the playhead stood for a part of the time from one to the next,
	 * what it did not advance by tells for how long.
	 */
	#fellBehind(lost: number, elapsed: number): boolean {
		if (lost < Math.max(noise.least, elapsed * noise.share)) {
			this.#goesOn();
			return false;
		}
		this.#lost += lost;
		if (this.#isStalled) {
			this.#add(lost / 1000);
			return false;
		}
		if (this.#lost <= stallAfter) return false;
		this.#isStalled = true;
		this.stalls++;
		this.#added = 0;
		this.#add(this.#lost / 1000);
		return true;
	}

	#add(seconds: number): void {
		this.stalledSeconds += seconds;
		this.#added += seconds;
	}
}
