import { describe, expect, it } from "vitest";
import { Viewer } from "./lines.ts";

const [wide, narrow] = [10e6, 1e6];

const names = (viewer: Viewer) => viewer.switches.map(([, name]) => name);

describe("a line that changes, and the quality", () => {
	it("goes up soon after the beginning", () => {
		const viewer = new Viewer(() => wide).run(12);
		expect(names(viewer)).toEqual(["360p", "source"]);
		expect(viewer.probes.length).toBe(2);
		expect(viewer.stalled).toBe(0);
	});
	it.each([3, 8, 20, 60])("goes down at once, and up soon after %j s", (seconds) => {
		const [shrinks, widens] = [30, 30 + seconds];
		const rate = (now: number) => (now < shrinks || now >= widens ? wide : narrow);
		const viewer = new Viewer(rate).run(widens + 30);
		expect(names(viewer)).toEqual(["360p", "source", "240p", "360p", "source"]);
		const [down, up, all] = viewer.switches.slice(2).map(([at]) => at);
		expect(down! - shrinks).toBeLessThan(1);
		expect(up! - widens).toBeLessThan(15);
		expect(all! - widens).toBeLessThan(20);
		expect(viewer.stalled).toBe(0);
	});
	it.each([0.7e6, 1e6, 1.5e6])(
		"stays where a line of %j bit/s has no room, and asks rarely",
		(rate) => {
			const viewer = new Viewer(() => rate).run(300);
			expect(names(viewer)).toEqual([]);
			expect(viewer.probes.length).toBeLessThan(12);
			// One part in a hundred of the least of these lines, and nothing that is felt.
			expect(viewer.fetched * 8).toBeLessThan(0.02 * 0.7e6 * 300);
			expect(viewer.stalled).toBe(0);
		},
	);
	it.each([2.2e6, 3e6])(
		"finds the room of a line of %j bit/s although something always comes",
		(rate) => {
			expect(names(new Viewer(() => rate).run(60))).toContain("360p");
		},
	);
	it("does not take a page that is busy for a slow line", () => {
		const viewer = new Viewer(() => wide);
		viewer.busy = 100;
		expect(names(viewer.run(120))).toEqual(["360p", "source"]);
	});
	it("follows a line that comes and goes more and more rarely", () => {
		const viewer = new Viewer((now) => (now % 20 < 10 ? 3e6 : narrow)).run(600);
		const downs = viewer.switches.filter(([, name]) => name === "240p").map(([at]) => at);
		expect(downs.length).toBeLessThan(8);
		expect(downs.at(-1)! - downs.at(-2)!).toBeGreaterThan(120);
		expect(viewer.stalled).toBe(0);
	});
});
