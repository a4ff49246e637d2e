// How long after they come parts are played: a pure rule, in seconds. What waits is what
// hiccups of the way, of other viewers and of the machine are bridged with.

/** At first; and what trouble makes of it at the most. */
const bounds = { first: 1, most: 2.5 };
/** How near it comes to live, while the buffer was never below `spare` for so long. */
interface Manner {
	least: number;
	spare: number;
	over: number;
}
const alone: Manner = { least: 0.5, spare: 0.3, over: 15 };
/**
 * What others bring passes through many hands, and what they do not bring takes a look for its
 * head and then a fetch: more is kept, and looked for longer whether it is needed.
 */
const among: Manner = { least: 0.9, spare: 0.5, over: 60 };
/** By how much it shrinks in each second: above the first, and below. */
const shrinking = { above: 0.02, below: 0.01 };
/**
 * A stall makes it more, and it stays so for some minutes; stalls within some seconds are one
 * trouble.
 */
const stalls = { add: 0.25, apart: 3, stays: 300, most: 1.25 };
/**
 * A rescue by the server means that what comes from others has too far to go: it adds to
 * the hold-back, once in some seconds, up to a limit, and that stays for a while.
 */
const rescues = { apart: 1, add: 0.25, most: 1.85, stays: 60 };
/** Below this the buffer nearly ran dry: what was missing is added, up to what there is at first. */
const tight = 0.2;

export class HoldBack {
	#value: number = bounds.first;
	/** What was in the buffer lately. */
	#buffers: { at: number; buffer: number }[] = [];
	/** What was missing in the buffer lately. */
	#missing = 0;
	/** Where there was trouble lately: it stays above. */
	#floor = { value: 0, until: 0 };
	#updatedAt: number | null = null;
	#stalledAt = Number.NEGATIVE_INFINITY;
	/** When rescues last added to it. */
	#rescuedAt = Number.NEGATIVE_INFINITY;
	/** Others bring some of what is played. */
	isAmong = false;

	get value(): number {
		return this.#value;
	}

	/** Playback ran dry. */
	stalled(now: number): void {
		if (now - this.#stalledAt < stalls.apart) return;
		this.#stalledAt = now;
		this.#grow(stalls.add);
		this.#floor = { value: Math.min(stalls.most, this.#value), until: now + stalls.stays };
	}

	/** The server had to make up for what other viewers did not bring. */
	rescued(now: number): void {
		if (now - this.#rescuedAt < rescues.apart || this.#value >= rescues.most) return;
		this.#rescuedAt = now;
		this.#grow(Math.min(rescues.add, rescues.most - this.#value));
		if (now >= this.#floor.until || this.#value > this.#floor.value)
			this.#floor = { value: this.#value, until: now + rescues.stays };
	}

	#grow(by: number): void {
		this.#value = Math.min(bounds.most, this.#value + by);
		this.#buffers = [];
		this.#missing = 0;
	}

	/** Comes closer to live while the buffer has to spare, and less close when it has not. */
	update(now: number, buffer: number): void {
		const { least, spare, over } = this.isAmong ? among : alone;
		const elapsed = this.#updatedAt === null ? 0 : now - this.#updatedAt;
		this.#updatedAt = now;
		this.#buffers.push({ at: now, buffer });
		const first = this.#buffers[0]!.at;
		while (this.#buffers[0]!.at < now - over) this.#buffers.shift();
		const lowest = Math.min(...this.#buffers.map((b) => b.buffer));
		this.#lack(Math.max(0, tight - lowest));
		if (this.#value > bounds.first) this.#value -= elapsed * shrinking.above;
		else if (first <= now - over && lowest > spare) this.#value -= elapsed * shrinking.below;
		this.#value = Math.max(now < this.#floor.until ? this.#floor.value : 0, least, this.#value);
	}

	/** So much was missing lately: each look at one hiccup tells of the same. */
	#lack(missing: number): void {
		const more = missing - this.#missing;
		this.#missing = missing;
		if (more > 0 && this.#value < bounds.first)
			this.#value = Math.min(bounds.first, this.#value + more);
	}
}
