// Which rendition to play: a pure rule. What comes from other viewers, and live parts
// from the server, come at the pace at which they are made: that says nothing of the
// line. Going up needs evidence of room, taken at that moment: what a feed sends at one
// go when it begins, or a part that was fetched to find out. When the buffer runs low the
// line is measured, too: only a line that is too slow is a reason to go down at once, and
// how far tells what came through it. A swarm in trouble is given time to mend itself.

export interface Choice {
	name: string;
	/** Peak rate in bit/s, sound included. */
	bandwidth: number;
	/** Pixels; 0 for sound alone. */
	height: number;
}

/** What was measured while the buffer ran low, in bit/s. */
export interface Check {
	/** Of a few kilobytes that were fetched; 0 when they did not come in time. */
	rate: number;
	/** Of all that came meanwhile; 0 when that was too short. */
	received: number;
}

/** Bit/s that are assumed of a link of which nothing is known. */
const assumed = 5e6;
/** By how much a link has to exceed a rendition's peak rate. */
const headroom = { start: 1.4, up: 1.5, stay: 1.1, down: 1.2 };
/**
 * Seconds without trouble before going up: until there was trouble, and after it; doubled
 * for each time that up went wrong.
 */
const calm = { start: 4, first: 10, most: 160 };
/** Seconds between one way up and the next; and between ways down that are one trouble. */
const step = { up: 4, down: 10 };
/** Seconds after going up in which the buffer is low because the next one begins. */
const settling = 1.5;
/**
 * Seconds after a probe that found no room, times a factor for each: so the next one comes
 * after a quarter more of the time for which there has been none.
 */
const probing = { first: 8, factor: 1.25, most: 60 };
/** Bytes that measure something, and the shortest time, in milliseconds, that counts. */
const sampleLeast = { probe: 4096, burst: 16_000, ms: 10 };
/** Seconds for which a measurement counts. */
const freshFor = 3;
/** Of the last parts, so many late ones are too many; after a stall, fewer are. */
const late = { of: 12, most: 6, stalled: 2 };
/** A buffer below these seconds for so long (seconds) is too thin; longer if the line has room. */
const thin = { below: 0.25, within: 2, withRoom: 4 };
/**
 * A buffer of less than this share of what is usual, and less by so many seconds, is low;
 * already below the other share the line is looked at.
 */
const low = { share: 0.65, by: 0.25, doubtful: 0.75 };
/** Below this share of what is usual, the buffer is on its way down. */
const falling = 0.85;
/** Less than this share of the peak rate within these seconds is next to nothing. */
const silence = { share: 0.3, over: 0.4 };
/** How much each look counts for what is usual. */
const usualGain = 0.04;
/** Seconds between checks of the line, at first; doubled while they find nothing. */
const checking = { first: 2, most: 32 };
/** Seconds for which a check is believed. */
const checkedFor = 4;
/** Seconds after going up during which trouble is put down to it. */
const blamedFor = 30;

export class Quality {
	/** From the lowest bandwidth to the highest. */
	readonly #choices: Choice[];
	#current = 0;
	#estimate = 0;
	#estimatedAt = Number.NEGATIVE_INFINITY;
	#quietSince = 0;
	#calm: number = calm.start;
	#probedAt = Number.NEGATIVE_INFINITY;
	#probing: number = probing.first;
	#late: boolean[] = [];
	#thinSince: number | null = null;
	#isDoubtful = false;
	#heard: { at: number; bytes: number }[] = [];
	/** Seconds of buffer in quiet times. */
	#usual: number | null = null;
	#checkedAt = Number.NEGATIVE_INFINITY;
	#checking: number = checking.first;
	#isChecking = false;
	/** Parts were late, or playback ran dry: a check is wanted. */
	#isAsked = false;
	#hadRoom = false;
	#wentUpAt = Number.NEGATIVE_INFINITY;
	#wentDownAt = Number.NEGATIVE_INFINITY;
	readonly #avoided = new Set<string>();

	/** `link` is what the browser says of the link, in bit/s. */
	constructor(choices: readonly Choice[], height: number, link: number | null) {
		this.#choices = [...choices].sort((a, b) => a.bandwidth - b.bandwidth);
		const most = this.#highest(height);
		this.#current = Math.min(most, this.#fitting((link ?? assumed) / headroom.start));
	}

	get current(): Choice {
		return this.#choices[this.#current]!;
	}

	/** The next lower one, or null. */
	get lower(): Choice | null {
		return this.#choices[this.#current - 1] ?? null;
	}

	/** Whether it is one of those that this chooses among. */
	has(name: string): boolean {
		return this.#index(name) >= 0;
	}

	/** Whether this one takes less than that one. */
	isLower(name: string, than: string): boolean {
		return this.#index(name) < this.#index(than);
	}

	#index(name: string): number {
		return this.#choices.findIndex((choice) => choice.name === name);
	}

	/** The highest one that is not much larger than the place where it is shown. */
	#highest(height: number): number {
		const enough = this.#choices.findIndex((choice) => choice.height >= height);
		return enough < 0 ? this.#choices.length - 1 : enough;
	}

	/** The highest one within a rate; the lowest one when none is. */
	#fitting(rate: number): number {
		return Math.max(
			0,
			this.#choices.findLastIndex(({ bandwidth }) => bandwidth <= rate),
		);
	}

	/**
	 * The feed brought `bytes` at one go, in `ms`: if that is quick, there is room; if not,
	 * there may have been no more to bring.
	 */
	burst(bytes: number, ms: number, now: number): void {
		const next = this.#choices[this.#current + 1];
		if (next && bytes >= sampleLeast.burst && isEnough(rateOf(bytes, ms), next))
			this.#found(rateOf(bytes, ms), now);
	}

	/**
	 * A part of the next one was fetched, or could not be had in time: 0 bytes. Meanwhile so
	 * many bit/s came in all; 0 when that was too short.
	 */
	probed(bytes: number, ms: number, received: number, now: number): void {
		const rate = bytes < sampleLeast.probe ? 0 : rateOf(bytes, ms);
		this.#found(Math.max(rate, received), now);
		this.#probedAt = now;
		this.#probing = Math.min(probing.most, this.#probing * probing.factor);
	}

	#found(rate: number, now: number): void {
		this.#estimate = rate;
		this.#estimatedAt = now;
	}

	/** A part came in time, or so late that playback nearly had to wait. */
	arrived(isLate: boolean, now: number): void {
		this.#late.push(isLate);
		if (this.#late.length > late.of) this.#late.shift();
		if (isLate) this.#quietSince = now;
		if (this.#lateParts >= late.most) this.#doubt(now);
	}

	get #lateParts(): number {
		return this.#late.filter(Boolean).length;
	}

	/** So many seconds are ahead of the playhead; to be called several times a second. */
	buffered(seconds: number, now: number): void {
		this.#compare(seconds, now);
		if (seconds >= thin.below) this.#thinSince = null;
		else this.#thinSince ??= now;
		if (this.#thinSince === null) return;
		this.#quietSince = now;
		const hasRoom = this.#hadRoom && now - this.#checkedAt < checkedFor;
		const within = hasRoom || this.#isChecking ? thin.withRoom : thin.within;
		if (now - this.#thinSince >= within) this.#down(now);
	}

	#compare(seconds: number, now: number): void {
		this.#usual ??= seconds;
		const below = (share: number) =>
			Math.min((this.#usual ?? 0) * share, (this.#usual ?? 0) - low.by);
		const isLow = seconds < below(low.share);
		this.#isDoubtful = seconds < below(low.doubtful);
		if (isLow) this.#quietSince = now;
		// In trouble it is forgotten more slowly.
		const gain = isLow ? usualGain / 4 : usualGain;
		this.#usual += (seconds - this.#usual) * gain;
	}

	/**
	 * What the server sends comes at this rate, though more waits there, and so many seconds
	 * are ahead of the playhead: no other look at the line is needed.
	 */
	paced(rate: number, seconds: number, now: number): void {
		const isLess = seconds < (this.#usual ?? 0) * falling;
		if (isLess && this.#current > 0 && rate < this.current.bandwidth * headroom.stay)
			this.#down(now, rate);
	}

	/**
	 * So many bytes have come in so far, from everybody; to be called often. When next to
	 * nothing comes from anybody it is not one of them, but the line, or the machine.
	 */
	heard(bytes: number, seconds: number, now: number): void {
		this.#heard.push({ at: now, bytes });
		while (now - (this.#heard[1]?.at ?? now) >= silence.over) this.#heard.shift();
		const first = this.#heard[0]!;
		if (now - first.at < silence.over || seconds >= (this.#usual ?? 0) * falling) return;
		const rate = ((bytes - first.bytes) * 8) / (now - first.at);
		const isSilent = rate < this.current.bandwidth * silence.share;
		if (isSilent && now - this.#checkedAt >= this.#checking) this.#isAsked = true;
	}

	/** Whether the line is to be measured because the buffer runs low. */
	toCheck(now: number): boolean {
		if (this.#current === 0) return false;
		const isDue = now - this.#checkedAt >= this.#checking && now - this.#wentUpAt >= settling;
		return this.#isAsked || (this.#isDoubtful && isDue);
	}

	/** The line is being measured: what to do is not decided before. */
	checking(): void {
		this.#isChecking = true;
	}

	/** The line was measured because the buffer ran low; null when that failed. */
	checked(check: Check | null, now: number): void {
		const isNews = now - this.#checkedAt > 2 * checking.most;
		this.#checkedAt = now;
		this.#isChecking = false;
		this.#isAsked = false;
		this.#hadRoom = false;
		const room = check ? Math.max(check.rate, check.received) : Number.POSITIVE_INFINITY;
		if (check && room < this.current.bandwidth * headroom.stay) {
			this.#checking = checking.first;
			return this.#down(now, room);
		}
		this.#hadRoom = check !== null;
		// It is not the line.
		this.#checking = isNews ? checking.first : Math.min(checking.most, this.#checking * 2);
	}

	/** Playback ran dry; when parts came late it was too much. */
	stalled(now: number): void {
		this.#quietSince = now;
		if (this.#lateParts >= late.stalled) this.#doubt(now);
	}

	/** A reason to go down, unless a look at the line is to be had first. */
	#doubt(now: number): void {
		const wasChecked = now - this.#checkedAt < checkedFor;
		if (!wasChecked) this.#isAsked = true;
		else if (!this.#isChecking && !this.#hadRoom) this.#down(now);
	}

	/** Goes to what fits into `room`, at least one down. */
	#down(now: number, room = Number.POSITIVE_INFINITY): void {
		this.#late = [];
		this.#thinSince = null;
		this.#estimatedAt = Number.NEGATIVE_INFINITY;
		this.#quietSince = now;
		if (this.#current === 0) return;
		this.#blame(now);
		const fitting = this.#fitting(room / headroom.down);
		this.#current = Math.max(0, Math.min(this.#current - 1, fitting));
	}

	/** If up was too much: a longer wait before the next try. All steps of a way down count once. */
	#blame(now: number): void {
		const isOne = now - this.#wentDownAt < step.down && this.#wentUpAt < this.#wentDownAt;
		const isBlamed = now - this.#wentUpAt < blamedFor;
		if (!isOne)
			this.#calm = Math.max(calm.first, isBlamed ? Math.min(calm.most, this.#calm * 2) : 0);
		this.#wentDownAt = now;
		this.#probing = probing.first;
	}

	/** What was decided does not come. */
	failed(now: number): void {
		this.#down(now);
	}

	/** The next higher one, if all is calm and it would be seen. */
	#next(now: number, height: number): Choice | null {
		const next = this.#choices[this.#current + 1];
		const isWanted = this.#current < this.#highest(height);
		if (!next || !isWanted || this.#avoided.has(next.name)) return null;
		const isCalm = now - this.#quietSince >= this.#calm && now - this.#wentUpAt >= step.up;
		return isCalm ? next : null;
	}

	#isFresh(now: number): boolean {
		return now - this.#estimatedAt < freshFor;
	}

	/** What to measure the link with, now; null when there is no need. */
	toProbe(now: number, height: number): Choice | null {
		const isDue = now - this.#probedAt >= this.#probing && !this.#isFresh(now);
		return isDue ? this.#next(now, height) : null;
	}

	/** What to play from now on, in a place of `height` pixels. */
	update(now: number, height: number): Choice {
		const next = this.#next(now, height);
		if (!next || !this.#isFresh(now)) return this.current;
		if (isEnough(this.#estimate, next)) {
			this.#current++;
			this.#wentUpAt = now;
			this.#probedAt = Number.NEGATIVE_INFINITY;
			this.#probing = probing.first;
			this.#checking = checking.first;
		}
		this.#estimatedAt = Number.NEGATIVE_INFINITY;
		return this.current;
	}

	/** Never goes up to this one. */
	avoid(name: string): void {
		this.#avoided.add(name);
	}

	/** Plays this one: it was chosen for another reason. */
	force(name: string): void {
		this.#current = Math.max(0, this.#index(name));
	}
}

const rateOf = (bytes: number, ms: number) => (bytes * 8000) / Math.max(sampleLeast.ms, ms);

/** Whether a link has room to go up to a rendition. */
const isEnough = (rate: number, { bandwidth }: Choice) => rate > bandwidth * headroom.up;
