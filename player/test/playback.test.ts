import { describe, expect, it } from "vitest";
import { Monitor } from "../src/playback/monitor.ts";
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
		control.holdBack.stalled(20);
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
		control.holdBack.rescued(80);
		control.holdBack.rescued(80.5);
		expect(control.target).toBeCloseTo(0.95);
		play(control, 1, 58, 0.2, 81);
		expect(control.target).toBeCloseTo(0.95);
		play(control, 1, 60, 0.2, 139);
		expect(control.target).toBeCloseTo(0.7);
		for (let now = 200; now < 300; now += 0.5) control.holdBack.rescued(now);
		expect(control.target).toBeCloseTo(2.05);
	});
	it("keeps more distance after a stall, for some minutes", () => {
		const control = new RateControl();
		play(control, 1, 10, 0.3);
		const before = control.target;
		control.holdBack.stalled(10);
		control.holdBack.stalled(12);
		expect(control.target).toBeCloseTo(before + 0.25);
		play(control, 1, 290, 0.3, 10);
		expect(control.target).toBeCloseTo(before + 0.25);
		play(control, 1, 50, 0.3, 300);
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
		["110 ms that began and ended between looks", [50, 10, 0, 30, 50], 1, 0.11],
		["90 ms that began and ended between looks", [50, 30, 0, 30, 50], 0, 0],
		["two short stands, one after the other", [50, 0, 20, 50, 50, 0, 20, 50], 0, 0],
		["clocks that do not quite agree", [50, 45, 46, 45, 46, 45, 46, 55, 45, 45, 46], 0, 0],
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
