import { describe, expect, it } from "vitest";
import { HoldBack } from "../src/playback/holdback.ts";

/** In its buffer, just before each part, is what is held back, less what hiccups take. */
function viewer(isAmong: boolean) {
	const holdBack = new HoldBack();
	holdBack.isAmong = isAmong;
	let now = 0;
	const pass = (seconds: number, late = () => 0.1) => {
		for (const end = now + seconds; now < end; now += 0.2)
			holdBack.update(now, holdBack.value - late());
		return holdBack.value;
	};
	const stall = () => {
		holdBack.stalled(now);
		return holdBack.value;
	};
	return { holdBack, pass, stall };
}

describe("what is held back", () => {
	it.each([
		["alone", false, 14, 70, 0.5],
		["among others", true, 59, 75, 0.9],
	])("%s shrinks when it was calm for long enough, to a least", (_, isAmong, calm, all, least) => {
		const { pass } = viewer(isAmong);
		expect(pass(calm)).toBe(1);
		expect(pass(all - calm)).toBeCloseTo(least);
		expect(pass(300)).toBeCloseTo(least);
	});
	it("grows as soon as others begin to bring something", () => {
		const { holdBack, pass } = viewer(false);
		pass(100);
		holdBack.isAmong = true;
		expect(pass(0.2)).toBeCloseTo(0.9);
	});
	it("among others stays where one hiccup a minute leaves little to spare", () => {
		const { pass } = viewer(true);
		let looks = 0;
		const late = () => (++looks % 280 === 0 ? 0.55 : 0.1);
		expect(pass(600, late)).toBe(1);
	});
	it("grows once by what a hiccup nearly took, not by each look at it", () => {
		const { pass } = viewer(false);
		pass(100);
		const hiccup = () => 0.45;
		expect(pass(0.2, hiccup)).toBeCloseTo(0.65);
		// It would have left enough.
		expect(pass(3, hiccup)).toBeCloseTo(0.65);
		expect(pass(14)).toBeCloseTo(0.65);
		expect(pass(40)).toBeCloseTo(0.5);
	});
	it("does not grow beyond the first for what an outage takes", () => {
		const { pass } = viewer(false);
		pass(100);
		expect(pass(10, () => 5)).toBeLessThanOrEqual(1);
	});
	it("stays for five minutes where a stall put it", () => {
		const { pass, stall } = viewer(true);
		pass(120);
		expect(stall()).toBeCloseTo(1.15);
		expect(stall()).toBeCloseTo(1.15);
		expect(pass(299)).toBeCloseTo(1.15);
		expect(pass(60)).toBeCloseTo(0.9);
	});
});
