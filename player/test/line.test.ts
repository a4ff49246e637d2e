import { describe, expect, it } from "vitest";
import { Line } from "../src/playback/line.ts";

describe("the line, by what the feed brings while it is behind", () => {
	/** Bytes come in pieces of 1,400 at so many bit/s from `from` to `to` (milliseconds). */
	function flow(line: Line, rate: number, from: number, to: number, isWaiting = true): void {
		const step = (1400 * 8000) / rate;
		for (let at = from; at < to; at += step) line.came(1400, isWaiting, at);
	}

	it.each([4e5, 1e6, 3e6])("tells a rate of %j bit/s within 0.4 s", (rate) => {
		const line = new Line();
		flow(line, rate, 0, 400);
		expect(line.rate(400)).toBeGreaterThan(rate * 0.9);
		expect(line.rate(400)).toBeLessThan(rate * 1.1);
	});
	it("says nothing before there is enough, nor of long ago", () => {
		const line = new Line();
		flow(line, 1e6, 0, 250);
		expect(line.rate(250)).toBeNull();
		flow(line, 1e6, 250, 500);
		expect(line.rate(500)).not.toBeNull();
		expect(line.rate(2500)).toBeNull();
	});
	it("says nothing of what comes at the pace at which it is made", () => {
		const line = new Line();
		flow(line, 1e6, 0, 3000, false);
		expect(line.rate(3000)).toBeNull();
	});
	it("forgets at once how quick the line was", () => {
		const line = new Line();
		flow(line, 8e6, 0, 1000);
		flow(line, 1e6, 1000, 1320);
		expect(line.rate(1320)).toBeLessThan(1.3e6);
	});
	it("does not take one pause for a slow line", () => {
		const line = new Line();
		flow(line, 8e6, 0, 200);
		line.came(1400, true, 900);
		flow(line, 8e6, 901, 1100);
		expect(line.rate(1100)).toBeGreaterThan(4e6);
	});
	it("says nothing while something else comes as well", () => {
		const line = new Line();
		flow(line, 1e6, 0, 500);
		line.reset();
		expect(line.rate(500)).toBeNull();
	});
});
