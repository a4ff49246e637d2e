// A viewer at the end of a line, in virtual time: the line carries so many bit/s, the feed's
// parts queue up in front of it, and what is fetched shares it. The rules for quality and
// for the line are the real ones; the buffer is seconds.
import { Line } from "../src/playback/line.ts";
import { type Choice, Quality } from "../src/playback/quality.ts";

export const choices: Choice[] = [
	{ name: "source", bandwidth: 1.9e6, height: 480 },
	{ name: "360p", bandwidth: 1.1e6, height: 360 },
	{ name: "240p", bandwidth: 6e5, height: 240 },
];

const step = 0.01;
const partSeconds = 0.25;
/** Of the peak rate, what a part has; and bytes of a packet. */
const [filled, packet] = [0.9, 1448];
/** Seconds of the next rendition that are had before playback goes over to it. */
const lead = 1.5;

interface Fetch {
	bytes: number;
	left: number;
	begun: number;
	until: number;
	done: (bytes: number, ms: number) => void;
}

export class Viewer {
	readonly quality = new Quality(choices, 480, 1e6);
	readonly switches: [number, string][] = [];
	/** When a part was fetched to find out, and bytes of all that was fetched. */
	readonly probes: number[] = [];
	fetched = 0;
	stalled = 0;
	now = 0;
	/** Milliseconds for which the page is busy in turn, and sees nothing that comes. */
	busy = 0;
	readonly #line = new Line();
	readonly #rate: (now: number) => number;
	#feed: { left: number; isNew: boolean; at: number }[] = [];
	#fetch: Fetch | null = null;
	#announced = 0;
	#buffer = 1;
	#received = 0;
	#seen = 0;
	#allowance = 0;
	#name = this.quality.current.name;
	/** Bytes of the next one that are missing before playback goes over. */
	#missing: number | null = null;
	#tick = 0;

	/** `rate` is what the line carries at a time (seconds), in bit/s. */
	constructor(rate: (now: number) => number) {
		this.#rate = rate;
	}

	get name(): string {
		return this.#name;
	}

	run(until: number): this {
		for (; this.#tick * step < until; this.#tick++) {
			const tick = this.#tick;
			this.now = tick * step;
			if (tick % 25 === 0) this.#make();
			this.#carry();
			if (this.busy === 0 || (this.now * 1000) % (2 * this.busy) < this.busy) this.#see();
			this.#play();
			if (tick % 5 === 0) this.#look();
			if (tick % 20 === 0) this.#control();
		}
		return this;
	}

	#size(name: string, seconds: number): number {
		return (choices.find((c) => c.name === name)!.bandwidth * filled * seconds) / 8;
	}

	/** A part is made: with sound and pictures, behind what waits already. */
	#make(): void {
		this.#feed.push({ left: this.#size(this.#name, partSeconds), isNew: true, at: this.now });
	}

	/** What is fetched has half of the line. */
	#carry(): void {
		let bytes = (this.#rate(this.now) * step) / 8 + this.#allowance;
		const fetch = this.#fetch;
		if (fetch) {
			const share = Math.min(fetch.left, this.#feed.length > 0 ? bytes / 2 : bytes);
			fetch.left -= share;
			bytes -= share;
			this.fetched += share;
			this.#received += share;
			if (fetch.left <= 0) this.#end(fetch, fetch.bytes);
			else if (this.now >= fetch.until) this.#end(fetch, 0);
		}
		const ahead = Math.min(this.#missing ?? 0, bytes / 2);
		if (this.#missing !== null) this.#missing -= ahead;
		this.#allowance = this.#feed.length > 0 ? Math.min(bytes - ahead, packet) : 0;
		this.#flow(bytes - ahead);
	}

	#end(fetch: Fetch, bytes: number): void {
		this.#fetch = null;
		fetch.done(bytes, (this.now - fetch.begun) * 1000);
	}

	#flow(room: number): void {
		let bytes = room;
		for (let part = this.#feed[0]; part && bytes > 0; part = this.#feed[0]) {
			const piece = Math.min(bytes, part.left);
			part.left -= piece;
			bytes -= piece;
			this.#received += piece;
			this.#allowance = bytes > 0 ? this.#allowance : 0;
			if (part.left > 0) return;
			this.#feed.shift();
			this.#buffer += partSeconds;
			this.quality.arrived(this.#buffer < partSeconds + 0.12, this.now);
		}
	}

	/** What came is read: at the pace of the page. */
	#see(): void {
		const bytes = this.#received - this.#seen;
		if (bytes === 0) return;
		this.#line.came(bytes, this.#announced > 0, this.now * 1000);
		this.#seen = this.#received;
		// A part that has begun to come was announced.
		this.#announced =
			this.#feed[0] && this.#feed[0].left < this.#size(this.#name, partSeconds) ? 1 : 0;
	}

	#play(): void {
		const rate = this.#buffer < 0.9 ? 0.95 : this.#buffer > 1.2 ? 1.05 : 1;
		if (this.#buffer < step * rate) this.stalled += step;
		else this.#buffer -= step * rate;
	}

	#look(): void {
		const { quality, now } = this;
		quality.heard(this.#received, this.#buffer, now);
		const pace = this.#line.rate(now * 1000);
		if (pace !== null) quality.paced(pace, this.#buffer, now);
		if (quality.toCheck(now) && !this.#fetch) this.#check();
		this.#apply();
	}

	#check(): void {
		const received = this.#receiving();
		this.quality.checking();
		this.#get(12_000, 0.4, (bytes, ms) => {
			const rate = (bytes * 8000) / ms;
			this.quality.checked({ rate, received: received(ms) }, this.now);
		});
	}

	#receiving(): (ms: number) => number {
		const before = this.#received;
		return (ms) => (ms > 100 ? ((this.#received - before) * 8000) / ms : 0);
	}

	#get(bytes: number, within: number, done: Fetch["done"]): void {
		this.#fetch = { bytes, left: bytes, begun: this.now, until: this.now + within, done };
	}

	#control(): void {
		const { quality, now } = this;
		quality.buffered(this.#buffer, now);
		const choice = this.#fetch ? null : quality.toProbe(now, 480);
		if (choice) {
			this.probes.push(now);
			const size = this.#size(choice.name, partSeconds);
			const received = this.#receiving();
			this.#get(size, 0.5, (bytes, ms) => quality.probed(bytes, ms, received(ms), this.now));
		}
		quality.update(now, 480);
	}

	#apply(): void {
		const { name } = this.quality.current;
		const isDown = this.quality.isLower(name, this.#name);
		const isUp = this.quality.isLower(this.#name, name);
		if (isUp) this.#missing ??= this.#size(name, lead);
		if (isUp && this.#missing! > 1) return;
		this.#missing = null;
		if (!isUp && !isDown) return;
		this.#name = name;
		this.switches.push([this.now, name]);
		// What waited is given up, and the next one begins at once.
		if (isDown) this.#feed = [];
	}
}
