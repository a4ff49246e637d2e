// What a soak is drawn as: memory and goroutines over time, and what was done meanwhile.

/**
 * @param {{ at: number, memory: number, goroutines: number }[]} samples at is in seconds
 * @param {{ at: number, what: string }[]} events
 * @returns {import("./svg.js").Chart}
 */
export function soak(samples, events) {
	/** @type {(of: (s: { memory: number, goroutines: number }) => number) => [number, number][]} */
	const points = (of) => samples.map((s) => [s.at / 60, of(s)]);
	/** @type {(pattern: RegExp, row: number) => [number, number][]} */
	const hits = (pattern, row) =>
		events.filter(({ what }) => pattern.test(what)).map(({ at }) => [at / 60, row]);
	const deaths = hits(/daemon.*(killed|SIG)/, 0);
	return {
		title: "A broadcast that nothing ends: the daemon's own process",
		label: "minutes",
		spans: deaths.map(([at]) => ({ from: at, to: at, name: "daemon killed" })),
		panels: [
			{ label: "resident, MiB", lines: [{ name: "memory", points: points((s) => s.memory) }] },
			{ label: "goroutines", lines: [{ name: "goroutines", points: points((s) => s.goroutines) }] },
			{
				...{ label: "killed or stopped", top: 3 },
				lines: [
					{ name: "publisher", points: hits(/publisher.*(killed|SIG)/, 1), dots: true },
					{ name: "encoder", points: hits(/encoder.*(killed|SIG)/, 2), dots: true, colour: 1 },
				],
			},
		],
	};
}
