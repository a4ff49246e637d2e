// Figures from samples.

/**
 * The p-th quantile (0 to 1) of numbers, by nearest rank; NaN for none.
 * @param {number[]} numbers
 * @param {number} p
 */
export function quantile(numbers, p) {
	if (numbers.length === 0) return Number.NaN;
	const sorted = numbers.toSorted((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))];
}

/** @param {number[]} numbers */
export const summary = (numbers) => ({
	samples: numbers.length,
	p50: quantile(numbers, 0.5),
	p95: quantile(numbers, 0.95),
	max: quantile(numbers, 1),
});

/**
 * A table in Markdown.
 * @param {string[]} head
 * @param {(string | number)[][]} rows
 */
export function table(head, rows) {
	const line = (/** @type {(string | number)[]} */ row) => `| ${row.join(" | ")} |`;
	return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** @param {number} value @param {number} [digits] */
export const fixed = (value, digits = 2) => (Number.isFinite(value) ? value.toFixed(digits) : "-");
