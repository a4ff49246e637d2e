// When playback begins anew, and when that would be in vain.
import { describe, expect, it } from "vitest";
import { Outages } from "../src/hls/outages.ts";
import type { Manifest } from "../src/wire/manifest.ts";
import { manifest } from "./broadcast.ts";

/** An engine whose last head came at a moment that tests set, and what is made of it. */
function watched(fields: Partial<Manifest> = {}) {
	const clock = { now: 10_000, headAt: 10_000 };
	const engine = {
		manifest: manifest(fields),
		get quiet() {
			return clock.now - clock.headAt;
		},
	};
	const outages = new Outages(engine, () => clock.now);
	outages.begin();
	/** Milliseconds pass, with or without heads, and it is looked at every 50. */
	const pass = (ms: number, hasHeads: boolean) => {
		for (const end = clock.now + ms; clock.now < end; ) {
			clock.now += 50;
			if (hasHeads) clock.headAt = clock.now;
			outages.look();
		}
	};
	return { outages, pass };
}

const whole = { partTarget: 0, targetDuration: 6_000_000 };

describe("an outage", () => {
	it("is over when something comes again, until playback has begun anew", () => {
		const { outages, pass } = watched();
		pass(1000, false);
		expect(outages.isOn).toBe(false);
		pass(2000, false);
		expect([outages.isOn, outages.isOver]).toEqual([true, false]);
		pass(50, true);
		expect([outages.isOn, outages.isOver]).toEqual([false, true]);
		outages.restart();
		expect(outages.isOver).toBe(false);
	});
	it("is of a moment ago while what waited comes in, however playback begins", () => {
		const { outages, pass } = watched();
		pass(1000, false);
		expect(outages.wasOn).toBe(false);
		pass(1000, false);
		outages.restart();
		outages.begin();
		pass(1900, true);
		expect(outages.wasOn).toBe(true);
		pass(150, true);
		expect(outages.wasOn).toBe(false);
	});
	it("of before playback began is none", () => {
		const { outages, pass } = watched();
		pass(3000, false);
		outages.begin();
		pass(50, true);
		expect(outages.isOver).toBe(false);
	});
	it("is longer where whole segments come, which is seldom", () => {
		const { outages, pass } = watched(whole);
		pass(8000, false);
		expect([outages.isOn, outages.isDead(false)]).toEqual([false, false]);
		pass(5000, false);
		expect([outages.isOn, outages.isDead(false)]).toEqual([true, true]);
	});
	it("is taken for one soon on another network", () => {
		const { outages, pass } = watched();
		pass(700, false);
		expect([outages.isDead(true), outages.isDead(false)]).toEqual([true, false]);
	});
});

describe("to begin anew", () => {
	it("is in vain while nothing comes, even for who wants it", () => {
		const { outages, pass } = watched();
		pass(6000, false);
		expect(outages.canReturn(true)).toBe(false);
		pass(50, true);
		expect(outages.canReturn(false)).toBe(true);
	});
	it("is not done twice at once, unless somebody wants it", () => {
		const { outages, pass } = watched();
		pass(3000, true);
		expect([outages.canReturn(false), outages.canReturn(true)]).toEqual([false, true]);
		pass(3000, true);
		expect(outages.canReturn(false)).toBe(true);
	});
	it("helps what is stuck though parts come, later where it has not begun", () => {
		for (const [hasStarted, patience] of [
			[true, 2500],
			[false, 8000],
		] as const) {
			const { outages, pass } = watched();
			expect(outages.isStuck(true, hasStarted)).toBe(false);
			pass(patience - 100, true);
			expect(outages.isStuck(true, hasStarted)).toBe(false);
			pass(100, true);
			expect(outages.isStuck(true, hasStarted)).toBe(true);
			expect(outages.isStuck(true, hasStarted)).toBe(false);
		}
	});
	it("is not for what stands because nothing comes, or moved meanwhile", () => {
		const { outages, pass } = watched();
		expect(outages.isStuck(true, true)).toBe(false);
		pass(2600, false);
		expect(outages.isStuck(true, true)).toBe(false);
		pass(50, true);
		expect(outages.isStuck(true, true)).toBe(false);
		pass(2400, true);
		expect(outages.isStuck(false, true)).toBe(false);
		pass(200, true);
		expect(outages.isStuck(true, true)).toBe(false);
	});
});
