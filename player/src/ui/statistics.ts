// The panel with figures: what came from viewers and from the server, what was given,
// and a plot of the last minute.
import { type History, historySeconds, sharedPart } from "../history.ts";
import type { Stats } from "../stats.ts";
import { make, setText } from "./dom.ts";
import { Sheet } from "./sheet.ts";
import type { Key, Say } from "./words.ts";

const rows = [
	...["fromViewers", "fromServer", "given", "connected", "latency", "buffer", "stalls"],
	...["quality", "rejected"],
] as const satisfies readonly Key[];
type Row = (typeof rows)[number];

const size = { width: 300, height: 72 };

export class Statistics {
	readonly sheet: Sheet;
	readonly #cells = new Map<Row, HTMLElement>();
	readonly #plot = make("canvas", { part: "plot", role: "img" });
	readonly #numbers: Intl.NumberFormat;

	constructor(say: Say, language: string) {
		this.sheet = new Sheet("statistics", say("statistics"), say);
		this.#numbers = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });
		const list = make("dl");
		for (const row of rows) {
			const cell = make("dd");
			this.#cells.set(row, cell);
			list.append(make("div", { class: row }, make("dt", {}, say(row)), cell));
		}
		this.#plot.setAttribute("aria-label", say("plot", { seconds: historySeconds }));
		const caption = make("p", { class: "caption", "aria-hidden": "true" });
		caption.textContent = say("plot", { seconds: historySeconds });
		this.sheet.body.append(this.#plot, caption, list);
	}

	update(stats: Stats, history: History, quality: string): void {
		if (!this.sheet.isOpen) return;
		const percent = Math.round(100 * sharedPart(stats));
		const text: Record<Row, string> = {
			fromViewers: `${this.#bytes(stats.p2pBytes)} · ${this.#number(percent)} %`,
			fromServer: this.#bytes(stats.httpBytes),
			given: this.#bytes(stats.uploadedBytes),
			connected: this.#number(stats.peers),
			latency: `${this.#number(stats.latency)} s`,
			buffer: `${this.#number(Math.max(0, stats.buffer))} s`,
			stalls: `${this.#number(stats.stalls)} (${this.#number(stats.stalledSeconds)} s)`,
			quality,
			rejected: this.#number(stats.rejectedChunks),
		};
		for (const row of rows) setText(this.#cells.get(row)!, text[row]);
		this.#draw(history);
	}

	#number(value: number): string {
		return this.#numbers.format(value);
	}

	#bytes(count: number): string {
		const power = count < 1e6 ? 1 : count < 1e9 ? 2 : 3;
		return `${this.#number(count / 1000 ** power)} ${["", "kB", "MB", "GB"][power]}`;
	}

	/** Bars from below: from viewers, on top of it from the server; a line: given. */
	#draw({ seconds, peak }: History): void {
		const context = this.#plot.getContext("2d");
		if (!context) return;
		const scale = Math.min(2, devicePixelRatio);
		this.#plot.width = size.width * scale;
		this.#plot.height = size.height * scale;
		context.scale(scale, scale);
		const look = getComputedStyle(this.#plot);
		const color = (name: string) => look.getPropertyValue(name) || "gray";
		const wide = size.width / historySeconds;
		const high = (bytes: number) => (bytes / peak) * (size.height - 4);
		const from = historySeconds - seconds.length;
		for (const [i, { fromViewers, fromServer }] of seconds.entries()) {
			const x = (from + i) * wide;
			const below = high(fromViewers);
			context.fillStyle = color("--viewers");
			context.fillRect(x, size.height - below, wide - 1, below);
			context.fillStyle = color("--server");
			context.fillRect(x, size.height - below - high(fromServer), wide - 1, high(fromServer));
		}
		context.strokeStyle = color("--given");
		context.lineWidth = 2;
		context.beginPath();
		for (const [i, { given }] of seconds.entries())
			context.lineTo((from + i + 0.5) * wide, size.height - 1 - high(given));
		context.stroke();
	}
}
