import { describe, expect, it } from "vitest";
import { Quality } from "../src/playback/quality.ts";

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
	it("does not measure because the next higher one begins, and soon when the line shrinks after", () => {
		const quality = new Quality(choices, 720, 2e6);
		for (let now = 0; now < 10; now += 0.2) quality.buffered(1, now);
		quality.probed(100_000, 20, 0, 10);
		expect(quality.update(10, 720).name).toBe("720p");
		quality.buffered(0.5, 10.6);
		expect(quality.toCheck(10.6)).toBe(false);
		for (let now = 10.8; now < 12; now += 0.2) quality.buffered(1, now);
		quality.buffered(0.5, 12.2);
		expect(quality.toCheck(12.2)).toBe(true);
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
