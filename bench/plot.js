// A plot of a daemon's memory and goroutines over time, as SVG.

const size = { width: 960, height: 360, left: 60, right: 60, top: 20, bottom: 40 };

/**
 * @param {{ at: number, memory: number, goroutines: number }[]} samples at is in seconds
 * @param {{ at: number, what: string }[]} events
 */
export function plot(samples, events) {
	const seconds = Math.max(1, samples.at(-1)?.at ?? 1);
	const inner = {
		width: size.width - size.left - size.right,
		height: size.height - size.top - size.bottom,
	};
	const x = (/** @type {number} */ at) => size.left + (at / seconds) * inner.width;
	const y = (/** @type {number} */ share) => size.top + (1 - share) * inner.height;
	const most = {
		memory: nice(Math.max(...samples.map((s) => s.memory))),
		goroutines: nice(Math.max(...samples.map((s) => s.goroutines))),
	};
	/** @param {"memory" | "goroutines"} key @param {string} colour */
	const line = (key, colour) =>
		`<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${samples
			.map((s) => `${x(s.at).toFixed(1)},${y(s[key] / most[key]).toFixed(1)}`)
			.join(" ")}"/>`;
	const marks = events
		.filter((e) => /killed|SIG/.test(e.what))
		.map((e) => {
			const colour = /daemon/.test(e.what) ? "#c00" : /publisher/.test(e.what) ? "#bbb" : "#dc8";
			return `<line x1="${x(e.at).toFixed(1)}" x2="${x(e.at).toFixed(1)}" y1="${size.top}" y2="${y(0)}" stroke="${colour}" stroke-width="0.7"/>`;
		});
	const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
		text(size.left - 6, y(share) + 4, `${Math.round(share * most.memory)}`, "end", "#06c"),
		text(
			size.width - size.right + 6,
			y(share) + 4,
			`${Math.round(share * most.goroutines)}`,
			"start",
			"#080",
		),
		text(
			x(share * seconds),
			size.height - 22,
			`${((share * seconds) / 60).toFixed(1)} min`,
			"middle",
			"#333",
		),
	]);
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
${marks.join("\n")}
${line("memory", "#06c")}
${line("goroutines", "#080")}
${ticks.join("\n")}
${text(size.left, 14, "resident memory, MiB", "start", "#06c")}
${text(size.width - size.right, 14, "goroutines", "end", "#080")}
${text(size.width / 2, size.height - 6, "red: daemon killed, grey: publisher killed, yellow: encoder killed or stopped", "middle", "#333")}
</svg>
`;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} words
 * @param {string} anchor
 * @param {string} colour
 */
const text = (x, y, words, anchor, colour) =>
	`<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${words}</text>`;

/** The next round number. @param {number} most */
function nice(most) {
	const step = 10 ** Math.floor(Math.log10(Math.max(1, most)));
	return Math.ceil((most * 1.05) / step) * step;
}
