import { expect, test } from "vitest";
import { Attention } from "../src/hls/attention.ts";

test("a page that was busy or slept is not believed for two seconds", () => {
	let now = 1000;
	const attention = new Attention(() => now);
	const look = (ms: number) => {
		now += ms;
		attention.look();
		return [attention.wasBusy, attention.hasSlept];
	};
	expect(look(50)).toEqual([false, false]);
	expect(look(300)).toEqual([true, false]);
	expect(look(150)).toEqual([true, false]);
	for (let i = 0; i < 20; i++) look(100);
	expect(look(50)).toEqual([false, false]);
	// Asleep: what comes in before it looks again is as late as it slept.
	now += 30_000;
	expect(attention.hasSlept).toBe(true);
	expect(look(0)).toEqual([true, true]);
	for (let i = 0; i < 20; i++) look(100);
	expect(look(50)).toEqual([false, false]);
});
