// Line charts as SVG, panels one above the other on a common x axis; legible on a light
// and on a dark page.

/**
 * @typedef {object} Line
 * @property {string} name
 * @property {[number, number][]} points in order of x; a y that is no number is a gap
 * @property {number} [colour] 0 to 3
 * @property {boolean} [dashed] for what it is held against
 * @property {boolean} [dots]
 *
 * @typedef {object} Panel
 * @property {string} label of the y axis, with its unit
 * @property {Line[]} lines
 * @property {number} [top] the y axis reaches at least here
 * @property {number} [bottom] and begins here, if not at 0
 *
 * @typedef {object} Chart
 * @property {string} title
 * @property {string} label of the x axis, with its unit
 * @property {Panel[]} panels
 * @property {{ from: number, to: number, name: string }[]} [spans] shaded, or a mark where from is to
 */

const [width, height, left, right] = [760, 170, 76, 20];
const [head, gap, legend, foot] = [40, 18, 18, 44];

const style = `
text { font: 12px system-ui, sans-serif; fill: var(--ink) }
.title { font-size: 15px; font-weight: 600 }
.axis { stroke: var(--ink); stroke-width: 1 }
.grid { stroke: var(--grid); stroke-width: 1 }
.span { fill: var(--span); stroke: var(--mark); stroke-dasharray: 2 3 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
.dashed { stroke-dasharray: 6 4; stroke-width: 1.5 }
svg { --paper: #fff; --ink: #24292f; --grid: #d8dee4; --span: #8882; --mark: #6e7781;
 --c0: #0969da; --c1: #bc4c00; --c2: #6e7781; --c3: #8250df }
@media (prefers-color-scheme: dark) {
 svg { --paper: #0d1117; --ink: #e6edf3; --grid: #30363d; --mark: #8b949e;
 --c0: #58a6ff; --c1: #f0883e; --c2: #8b949e; --c3: #bc8cff }
}`;

/** @param {Chart} chart */
export function draw(chart) {
	const step = height + gap + legend;
	const total = head + chart.panels.length * step + foot;
	const xs = chart.panels.flatMap((p) => p.lines.flatMap((l) => l.points.map(([x]) => x)));
	const xTicks = ticks(Math.min(0, ...xs), Math.max(...xs), 8);
	const x = scale(xTicks, left, width - right);
	const panels = chart.panels.map((p, i) => panel(p, head + i * step + legend, x, xTicks));
	const bottom = head + chart.panels.length * step - gap;
	const tops = chart.panels.map((_, i) => head + i * step + legend);
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" role="img">`,
		`<title>${escaped(chart.title)}</title><style>${style}</style>`,
		`<rect width="${width}" height="${total}" fill="var(--paper)"/>`,
		`<text class="title" x="${left}" y="24">${escaped(chart.title)}</text>`,
		...(chart.spans ?? []).map((s) => span(s, x, tops)),
		...panels,
		...xTicks.map((t) => text(x(t), bottom + 16, tick(t), "middle")),
		text((left + width - right) / 2, bottom + 36, chart.label, "middle"),
		"</svg>\n",
	].join("\n");
}

/**
 * @param {Panel} p
 * @param {number} top
 * @param {(v: number) => number} x
 * @param {number[]} xTicks
 */
function panel(p, top, x, xTicks) {
	const values = p.lines.flatMap((l) => l.points.map(([, y]) => y)).filter(Number.isFinite);
	const low = p.bottom ?? Math.min(0, ...values);
	const all = ticks(low, Math.max(p.top ?? 0, ...values), 4);
	const y = scale(all, top + height, top);
	const middle = top + height / 2;
	return [
		...all.map((t) => rule(left, y(t), width - right, y(t), "grid")),
		...xTicks.map((t) => rule(x(t), top, x(t), top + height, "grid")),
		rule(left, top, left, top + height, "axis"),
		rule(left, top + height, width - right, top + height, "axis"),
		...all.map((t) => text(left - 8, y(t) + 4, tick(t), "end")),
		`<text text-anchor="middle" transform="translate(16 ${middle}) rotate(-90)">${escaped(p.label)}</text>`,
		...p.lines.map((l, i) => line(l, i, x, y)),
		...names(p.lines, top - 7),
	].join("\n");
}

/**
 * @param {Line} l
 * @param {number} i
 * @param {(v: number) => number} x
 * @param {(v: number) => number} y
 */
function line(l, i, x, y) {
	let path = "";
	let pen = "M";
	for (const [a, b] of l.points) {
		if (Number.isFinite(b)) path += `${pen}${x(a).toFixed(1)} ${y(b).toFixed(1)}`;
		pen = Number.isFinite(b) ? "L" : "M";
	}
	const colour = `var(--c${l.colour ?? i})`;
	const dots = l.dots
		? l.points.map(([a, b]) => `<circle cx="${x(a)}" cy="${y(b)}" r="4" fill="${colour}"/>`)
		: [];
	const shape = `<path class="line${l.dashed ? " dashed" : ""}" stroke="${colour}" d="${path}"/>`;
	return [shape, ...dots].join("");
}

/** The legend. @param {Line[]} lines @param {number} at */
function names(lines, at) {
	let from = left;
	return lines.map((l, i) => {
		const key = `<path class="line${l.dashed ? " dashed" : ""}" stroke="var(--c${l.colour ?? i})" d="M${from} ${at - 4}h22"/>`;
		const out = key + text(from + 28, at, l.name, "start");
		from += 28 + l.name.length * 6.6 + 22;
		return out;
	});
}

/**
 * @param {{ from: number, to: number, name: string }} s
 * @param {(v: number) => number} x
 * @param {number[]} tops
 */
function span(s, x, tops) {
	const [a, b] = [x(s.from), x(s.to)];
	const boxes = tops.map(
		(top) =>
			`<rect class="span" x="${a}" y="${top}" width="${Math.max(b - a, 0.5)}" height="${height}"/>`,
	);
	return [...boxes, text(a + 5, tops[0] + height - 8, s.name, "start")].join("\n");
}

/** @type {(x1: number, y1: number, x2: number, y2: number, kind: string) => string} */
const rule = (x1, y1, x2, y2, kind) =>
	`<line class="${kind}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;

/** @type {(x: number, y: number, words: string, anchor: string) => string} */
const text = (x, y, words, anchor) =>
	`<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(words)}</text>`;

/** @param {string} words */
const escaped = (words) => words.replace(/&/g, "&amp;").replace(/</g, "&lt;");

/** @param {number} value */
const tick = (value) => String(Number(value.toPrecision(6))).replace("-", "−");

/** Round values that enclose low to high. @param {number} low @param {number} high @param {number} about */
function ticks(low, high, about) {
	const rough = Math.max(high - low, 1e-9) / about;
	const power = 10 ** Math.floor(Math.log10(rough));
	const step = power * ([1, 2, 2.5, 5].find((s) => s * power >= rough) ?? 10);
	const first = Math.floor(low / step + 1e-9);
	const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
	return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** @param {number[]} ticks @param {number} from @param {number} to @returns {(v: number) => number} */
function scale(ticks, from, to) {
	const [low, high] = [ticks[0], ticks[ticks.length - 1]];
	return (v) => from + ((v - low) / (high - low)) * (to - from);
}
