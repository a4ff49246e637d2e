import { describe, expect, it } from "vitest";
import { Monitor } from "../src/playback/monitor.ts";
import { Quality } from "../src/playback/quality.ts";
import { RateControl } from "../src/playback/rate.ts";

describe("the distance to live", () => {
	/** Plays for some seconds with parts that come `delay` after their first moment. */
	function play(control: RateControl, latency: number, seconds: number, delay: number, from = 0) {
		let behind = latency;
		const rates: number[] = [];
		for (let t = from; t < from + seconds; t += 0.25) {
			control.arrived(t, delay);
			const rate = control.update({ now: t, latency: behind, buffer: behind - delay });
			behind += (1 - rate) * 0.25;
			rates.push(rate);
		}
		return { behind, rates };
	}

	/** How often a rate goes the other way than before. */
	function turns(rates: readonly number[]): number {
		const steps = rates.slice(1).map((rate, i) => Math.sign(rate - rates[i]!));
		const moves = steps.filter((step) => step !== 0);
		return moves.slice(1).filter((move, i) => move !== moves[i]).length;
	}

	it("catches up after a stall without a step that can be heard, and in one go", () => {
		const control = new RateControl();
		play(control, 1.3, 20, 0.3);
		control.stalled(20);
		const { behind, rates } = play(control, 2.8, 60, 0.3, 20);
		expect(behind).toBeLessThan(control.target + 0.13);
		for (const [i, rate] of rates.entries())
			expect(Math.abs(rate - (rates[i - 1] ?? 1))).toBeLessThanOrEqual(0.0101);
		// Up, down to the usual rate; and perhaps once more, as the target comes closer.
		expect(turns(rates)).toBeLessThanOrEqual(3);
	});
	it("keeps the distance that whole segments ask for, without hurry", () => {
		const control = new RateControl();
		control.least = 6;
		control.isCalm = true;
		expect(control.target).toBe(6);
		// A segment of two seconds, handed on over a second and a half.
		const { behind, rates } = play(control, 7, 60, 3.6);
		expect(control.target).toBe(6);
		expect(Math.max(...rates)).toBeLessThanOrEqual(1.03);
		expect(behind).toBeLessThan(6.51);
		expect(new Set(play(control, 5.7, 60, 3.6, 60).rates.slice(5))).toEqual(new Set([1]));
	});
	it("does not pump when parts come unevenly", () => {
		const control = new RateControl();
		let seed = 1;
		const noise = () => {
			seed = (seed * 1103515245 + 12345) % 2 ** 31;
			return seed / 2 ** 31;
		};
		let behind = 1.4;
		const rates: number[] = [];
		for (let t = 0; t < 300; t += 0.25) {
			const delay = 0.3 + noise() * 0.15;
			control.arrived(t, delay);
			// What is read is off by a few frames.
			const latency = behind + (noise() - 0.5) * 0.06;
			const rate = control.update({ now: t, latency, buffer: behind - delay });
			behind += (1 - rate) * 0.25;
			rates.push(rate);
		}
		// Five minutes: a few corrections, and slight ones.
		expect(turns(rates)).toBeLessThan(60);
		expect(Math.max(...rates.slice(80))).toBeLessThanOrEqual(1.03);
		expect(Math.min(...rates.slice(80))).toBeGreaterThanOrEqual(0.97);
	});
	it("comes down to its target and stays there", () => {
		const control = new RateControl();
		const { behind, rates } = play(control, 2.4, 40, 0.35);
		expect(behind).toBeGreaterThan(control.target - 0.13);
		expect(behind).toBeLessThan(control.target + 0.13);
		expect(Math.max(...rates)).toBe(1.1);
		expect(rates.at(-1)).toBeLessThanOrEqual(1.02);
	});
	it("goes back when it is too close", () => {
		const control = new RateControl();
		const { behind, rates } = play(control, 0.5, 30, 0.4);
		expect(Math.min(...rates)).toBe(0.95);
		expect(behind).toBeGreaterThan(control.target - 0.13);
	});
	it("keeps more distance when parts come late, and less again later", () => {
		const control = new RateControl();
		play(control, 1, 10, 0.3);
		const near = control.target;
		play(control, near, 5, 1.2, 10);
		expect(control.target).toBeGreaterThan(near + 0.05);
		play(control, control.target, 15, 0.3, 15);
		expect(Math.abs(control.target - near)).toBeLessThan(0.15);
	});
	it("does not follow a single straggler beyond reason", () => {
		const control = new RateControl();
		play(control, 1, 10, 0.3);
		control.arrived(10, 5);
		expect(control.target).toBeLessThan(2);
	});
	it("comes closer while nothing stalls, as far as late parts let it", () => {
		const control = new RateControl();
		play(control, 1, 70, 0.2);
		expect(control.target).toBeCloseTo(0.7);
		play(control, 1, 5, 0.6, 70);
		expect(control.target).toBeCloseTo(0.9);
	});
	it("comes no closer than leaves something in the buffer", () => {
		const control = new RateControl();
		// The picture lasts less long than the arrival of parts promises.
		for (let now = 0; now < 120; now += 0.2) {
			control.arrived(now, 0.2);
			control.update({ now, latency: control.target, buffer: control.target - 0.2 - 0.5 });
		}
		expect(control.target).toBeGreaterThan(0.9);
		expect(control.target).toBeLessThan(1.2);
	});
	it("keeps more distance when the server has to make up for others, and for a while", () => {
		const control = new RateControl();
		play(control, 1, 80, 0.2);
		expect(control.target).toBeCloseTo(0.7);
		control.rescued(80);
		control.rescued(80.5);
		expect(control.target).toBeCloseTo(0.95);
		play(control, 1, 58, 0.2, 81);
		expect(control.target).toBeCloseTo(0.95);
		play(control, 1, 60, 0.2, 139);
		expect(control.target).toBeCloseTo(0.7);
		for (let now = 200; now < 300; now += 0.5) control.rescued(now);
		expect(control.target).toBeCloseTo(2.05);
	});
	it("does not come so close again after a stall", () => {
		const control = new RateControl();
		play(control, 1, 70, 0.2);
		control.stalled(70);
		play(control, 1, 200, 0.2, 70);
		expect(control.target).toBeCloseTo(0.2 + 0.5 + 0.125, 1);
		play(control, 1, 200, 0.2, 300);
		expect(control.target).toBeCloseTo(0.7);
	});
	it("keeps more distance after a stall, for a while", () => {
		const control = new RateControl();
		play(control, 1, 10, 0.3);
		const before = control.target;
		control.stalled(10);
		control.stalled(12);
		expect(control.target).toBeCloseTo(before + 0.25);
		play(control, 1, 50, 0.3, 10);
		expect(control.target).toBeLessThan(before + 0.02);
	});
	it("jumps once when it is far behind and has what comes later", () => {
		const control = new RateControl();
		for (let t = 0; t < 5; t += 0.25) control.arrived(t, 0.3);
		expect(control.jump({ now: 5, latency: 2, buffer: 1.7 })).toBe(0);
		expect(control.jump({ now: 5, latency: 4, buffer: 0.5 })).toBe(0);
		expect(control.jump({ now: 6, latency: 4, buffer: 3.7 })).toBeCloseTo(4 - control.target);
		expect(control.jump({ now: 9, latency: 4, buffer: 3.7 })).toBe(0);
		expect(control.jump({ now: 16, latency: 3, buffer: 2 })).toBeCloseTo(1.4);
	});
	it("does not hurry on a thin buffer", () => {
		const control = new RateControl();
		control.arrived(0, 0.3);
		expect(control.update({ now: 0, latency: 3, buffer: 0.3 })).toBe(1);
		expect(control.update({ now: 0.1, latency: 3, buffer: 0.1 })).toBe(0.95);
		expect(control.update({ now: 0.3, latency: 3, buffer: 0.5 })).toBe(0.96);
	});
});

describe("quality", () => {
	const choices = [
		{ name: "720p", bandwidth: 3e6, height: 720 },
		{ name: "240p", bandwidth: 5e5, height: 240 },
		{ name: "480p", bandwidth: 1.2e6, height: 480 },
	];

	/** Parts come late, and the line turns out to carry no more than the next lower one. */
	function slow(quality: Quality, now: number): void {
		for (let i = 0; i < 6; i++) quality.arrived(true, now);
		expect(quality.toCheck(now)).toBe(true);
		const room = (quality.lower?.bandwidth ?? 0) * 1.3;
		quality.checked({ rate: room / 2, received: room }, now);
	}

	it.each([
		[720, 1e7, "720p"],
		[300, 1e7, "480p"],
		[720, 2e6, "480p"],
		[720, 1e5, "240p"],
		[720, null, "720p"],
	])("begins at %j px and %j bit/s with %s", (height, link, name) => {
		expect(new Quality(choices, height, link).current.name).toBe(name);
	});
	it("goes down when the link is too slow", () => {
		const quality = new Quality(choices, 720, null);
		slow(quality, 6);
		expect(quality.update(6, 720).name).toBe("480p");
	});
	it("goes down when parts stay late and nobody knows the line", () => {
		const quality = new Quality(choices, 720, null);
		for (let i = 0; i < 6; i++) quality.arrived(true, i);
		quality.checked(null, 6);
		expect(quality.current.name).toBe("720p");
		quality.arrived(true, 6.2);
		expect(quality.current.name).toBe("480p");
	});
	it("does not go down for one late part, nor for a stall alone", () => {
		const quality = new Quality(choices, 720, null);
		quality.arrived(true, 1);
		quality.stalled(2);
		expect(quality.update(3, 720).name).toBe("720p");
	});
	it("goes up after a quiet time, when the link is found to have room just then", () => {
		const quality = new Quality(choices, 720, 1e5);
		quality.burst(100_000, 50, 0.5);
		expect(quality.update(2, 720).name).toBe("240p");
		expect(quality.update(5, 720).name).toBe("240p");
		expect(quality.toProbe(5, 720)?.name).toBe("480p");
		quality.probed(100_000, 50, 0, 5.5);
		expect(quality.toProbe(5.6, 720)).toBeNull();
		expect(quality.update(5.6, 720).name).toBe("480p");
		slow(quality, 50);
		expect(quality.current.name).toBe("240p");
		expect(quality.toProbe(59, 720)).toBeNull();
		expect(quality.toProbe(61, 720)?.name).toBe("480p");
	});
	it("goes up at once by what a feed brought at one go", () => {
		const quality = new Quality(choices, 720, 1e5);
		quality.burst(100_000, 50, 4);
		expect(quality.toProbe(4, 720)).toBeNull();
		expect(quality.update(4, 720).name).toBe("480p");
	});
	it.each([
		["little", 8000, 10],
		["slow", 100_000, 800],
	])("does not take a feed that brings %s for a line without room", (_, bytes, ms) => {
		const quality = new Quality(choices, 720, 1e5);
		quality.burst(bytes, ms, 4);
		expect(quality.update(4, 720).name).toBe("240p");
		expect(quality.toProbe(4, 720)?.name).toBe("480p");
		quality.burst(bytes, ms, 5);
		quality.probed(100_000, 50, 0, 6);
		quality.burst(bytes, ms, 6.1);
		expect(quality.update(6.2, 720).name).toBe("480p");
	});
	it("takes little for no measurement, and does not ask again at once", () => {
		const quality = new Quality(choices, 720, 1e5);
		quality.probed(2000, 1, 0, 5);
		expect(quality.update(5, 720).name).toBe("240p");
		expect(quality.toProbe(14, 720)).toBeNull();
		expect(quality.toProbe(15.1, 720)?.name).toBe("480p");
	});
	it("needs no long calm between one way up and the next", () => {
		const quality = new Quality(choices, 720, null);
		quality.checked({ rate: 600_000, received: 0 }, 20);
		expect(quality.current.name).toBe("240p");
		quality.probed(100_000, 20, 0, 30);
		expect(quality.update(30, 720).name).toBe("480p");
		expect(quality.toProbe(33, 720)).toBeNull();
		expect(quality.toProbe(34, 720)?.name).toBe("720p");
	});
	it("waits longer when up was wrong", () => {
		const quality = new Quality(choices, 720, 1e5);
		quality.probed(100_000, 50, 0, 10);
		expect(quality.update(11, 720).name).toBe("480p");
		slow(quality, 12);
		expect(quality.update(13, 720).name).toBe("240p");
		expect(quality.toProbe(21, 720)).toBeNull();
		expect(quality.toProbe(23, 720)?.name).toBe("480p");
		quality.probed(100_000, 50, 0, 23);
		expect(quality.update(23, 720).name).toBe("480p");
		slow(quality, 34);
		expect(quality.toProbe(53, 720)).toBeNull();
		expect(quality.toProbe(55, 720)?.name).toBe("480p");
	});
	it("counts a way down once, with all its steps and what is late at the bottom", () => {
		const quality = new Quality(choices, 720, 2e6);
		quality.probed(100_000, 20, 0, 5);
		expect(quality.update(5, 720).name).toBe("720p");
		for (let now = 5; now < 10; now += 0.2) quality.buffered(1, now);
		// The line shrinks: what first came through it had waited before it.
		quality.paced(2e6, 0, 10);
		expect(quality.current.name).toBe("480p");
		slow(quality, 11);
		expect(quality.current.name).toBe("240p");
		for (let i = 0; i < 12; i++) quality.arrived(true, 12);
		for (let now = 12; now < 15; now += 0.2) quality.buffered(0.1, now);
		expect(quality.current.name).toBe("240p");
		expect(quality.toProbe(24.5, 720)).toBeNull();
		expect(quality.toProbe(25.2, 720)?.name).toBe("480p");
	});
	it("asks less often the longer there is no room: after a quarter of that time", () => {
		const quality = new Quality(choices, 720, 1e5);
		const asked: number[] = [];
		for (let now = 0; now < 300; now++) {
			if (!quality.toProbe(now, 720)) continue;
			asked.push(now);
			quality.probed(20_000, 100, 0, now);
			expect(quality.update(now, 720).name).toBe("240p");
		}
		expect(asked.slice(0, 6)).toEqual([4, 14, 27, 43, 63, 88]);
		expect(asked.length).toBeLessThan(12);
	});
	it("does not come and go: each time that up was wrong it waits twice as long", () => {
		const quality = new Quality(choices, 720, 1e5);
		let ups = 0;
		for (let now = 0; now < 600; now += 1) {
			const before = quality.current.name;
			if (quality.toProbe(now, 720)) quality.probed(100_000, 20, 0, now);
			if (quality.update(now, 720).name !== before) ups++;
			if (quality.current.name !== "240p") slow(quality, now);
		}
		expect(ups).toBeGreaterThan(2);
		expect(ups).toBeLessThan(8);
	});

	/** One that plays 720p calmly, with a second of buffer, until it runs low at 10. */
	function runningLow(): Quality {
		const quality = new Quality(choices, 720, null);
		for (let now = 0; now < 10; now += 0.2) quality.buffered(1, now);
		expect(quality.toCheck(10)).toBe(false);
		quality.buffered(0.6, 10);
		return quality;
	}

	it("measures the line when the buffer runs low, and goes down as far as that asks", () => {
		const quality = runningLow();
		expect(quality.toCheck(10)).toBe(true);
		quality.checked({ rate: 400_000, received: 900_000 }, 10.2);
		expect(quality.current.name).toBe("240p");
		const other = runningLow();
		other.checked({ rate: 0, received: 1_900_000 }, 10.2);
		expect(other.current.name).toBe("480p");
	});
	it("goes down without a check when the feed is behind, and slower than the rendition", () => {
		const quality = runningLow();
		quality.paced(4e6, 0.6, 10);
		expect(quality.current.name).toBe("720p");
		quality.paced(900_000, 0.6, 10);
		expect(quality.current.name).toBe("240p");
	});
	it("does not go down for a slow feed while the buffer is as full as ever", () => {
		const quality = runningLow();
		quality.paced(900_000, 0.95, 10);
		expect(quality.current.name).toBe("720p");
	});
	it("wants to know when next to nothing comes from anybody, before the buffer is low", () => {
		const quality = new Quality(choices, 720, null);
		let bytes = 0;
		const listen = (from: number, to: number, rate: number, buffer: number) => {
			for (let now = from; now < to; now += 0.05) {
				bytes += (rate * 0.05) / 8;
				quality.heard(bytes, buffer, now);
			}
		};
		for (let now = 0; now < 10; now += 0.2) quality.buffered(1, now);
		listen(9, 10, 2.5e6, 1);
		listen(10, 10.5, 2e5, 0.9);
		expect(quality.toCheck(10.5)).toBe(false);
		listen(10.5, 10.6, 2e5, 0.8);
		expect(quality.toCheck(10.6)).toBe(true);
		quality.checked({ rate: 9e6, received: 2e5 }, 10.7);
		expect(quality.current.name).toBe("720p");
		// Not again at once.
		listen(10.7, 11.5, 2e5, 0.8);
		expect(quality.toCheck(11.5)).toBe(false);
	});
	it("hears nothing special in parts that come four times a second", () => {
		const quality = new Quality(choices, 720, null);
		for (let now = 0; now < 10; now += 0.05) {
			quality.buffered(1, now);
			quality.heard(Math.floor(now * 4) * 60_000, 0.75, now);
			expect(quality.toCheck(now)).toBe(false);
		}
	});
	it("leaves a swarm the time to mend itself when the line has room", () => {
		const quality = runningLow();
		quality.checked({ rate: 9e6, received: 1e6 }, 10.2);
		for (let i = 0; i < 8; i++) quality.arrived(true, 10.3);
		quality.stalled(11);
		for (let now = 11; now < 13; now += 0.2) quality.buffered(0.1, now);
		expect(quality.current.name).toBe("720p");
		for (let now = 13; now < 16; now += 0.2) quality.buffered(0.1, now);
		expect(quality.current.name).toBe("480p");
	});
	it("measures less and less often when it is not the line", () => {
		const quality = runningLow();
		const checks: number[] = [];
		for (let now = 10; now < 60; now += 0.2) {
			quality.buffered(now % 4 < 2 ? 0.5 : 1, now);
			if (!quality.toCheck(now)) continue;
			checks.push(now);
			quality.checked({ rate: 9e6, received: 1e6 }, now);
		}
		expect(checks.length).toBeGreaterThan(2);
		expect(checks.length).toBeLessThan(7);
	});
	it("does not measure where there is nothing lower", () => {
		const quality = new Quality(choices, 200, null);
		for (let now = 0; now < 10; now += 0.2) quality.buffered(1, now);
		quality.buffered(0.3, 10);
		expect(quality.toCheck(10)).toBe(false);
	});
	it("goes back when a higher one does not come", () => {
		const quality = new Quality(choices, 720, 1e5);
		quality.probed(100_000, 20, 0, 10);
		expect(quality.update(10, 720).name).toBe("480p");
		quality.failed(16);
		expect(quality.current.name).toBe("240p");
		expect(quality.toProbe(25, 720)).toBeNull();
	});
	it("does not go up for what nobody would see, nor without evidence", () => {
		const small = new Quality(choices, 200, 1e7);
		small.probed(100_000, 5, 0, 99);
		expect(small.update(100, 200).name).toBe("240p");
		expect(new Quality(choices, 720, 1e5).update(100, 720).name).toBe("240p");
	});
});

describe("stalls", () => {
	/** Looks every 50 ms at a playhead that moves as the list says, in milliseconds. */
	function watch(moves: number[]): Monitor {
		const monitor = new Monitor();
		let time = 0;
		for (const [i, move] of moves.entries()) {
			time += move / 1000;
			monitor.look({ now: i * 50, time, rate: 1, isPlaying: true });
		}
		return monitor;
	}

	it.each([
		["steady", [50, 50, 50, 50], 0, 0],
		["a short stand", [50, 0, 50, 50], 0, 0],
		["200 ms without advance", [50, 0, 0, 0, 0, 50], 1, 0.2],
		["two stalls", [50, 0, 0, 0, 50, 50, 0, 0, 0, 50], 2, 0.3],
		["a jump ahead", [50, 50, 400, 50], 1, 0],
		["a jump back", [50, 50, -400, 50], 1, 0],
	])("%s", (_, moves, stalls, seconds) => {
		const monitor = watch(moves);
		expect(monitor.stalls).toBe(stalls);
		expect(monitor.stalledSeconds).toBeCloseTo(seconds);
	});
	it("counts a jump to catch up, unless it ends a stall", () => {
		const monitor = watch([50, 50]);
		monitor.jumped();
		expect(monitor.stalls).toBe(1);
		const stalled = watch([50, 0, 0, 0, 0]);
		stalled.jumped();
		expect(stalled.stalls).toBe(1);
		stalled.look({ now: 250, time: 3, rate: 1, isPlaying: true });
		expect(stalled.stalls).toBe(1);
	});
	it("takes back the stall at the end of a broadcast, and no other", () => {
		const monitor = watch([50, 0, 0, 0, 0, 50, 50, 0, 0, 0, 0, 0]);
		expect(monitor.stalls).toBe(2);
		monitor.hasEnded();
		expect(monitor.stalls).toBe(1);
		expect(monitor.stalledSeconds).toBeCloseTo(0.2);
		monitor.hasEnded();
		expect(monitor.stalls).toBe(1);
	});
	it("counts nothing while it should not play", () => {
		const monitor = watch([50, 50]);
		monitor.look({ now: 150, time: 0.1, rate: 1, isPlaying: false });
		monitor.look({ now: 900, time: 0.1, rate: 1, isPlaying: false });
		monitor.look({ now: 950, time: 5, rate: 1, isPlaying: true });
		expect(monitor.stalls).toBe(0);
	});
});
