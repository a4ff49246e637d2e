// What stands over the picture: how far behind live it is and what came from other
// viewers; or, without a picture, why.
import type { Stats } from "../stats.ts";
import { style } from "./style.ts";
import { words } from "./words.ts";

export interface Panel {
	title: string;
	text?: string;
	isBusy?: boolean;
	action?: { label: string; run: () => void };
}

export class Overlay {
	readonly #badge = element("div", "badge");
	readonly #text = element("span", "");
	readonly #panel = element("div", "panel");

	constructor(root: ShadowRoot) {
		this.#badge.part.add("badge");
		this.#badge.append(element("span", "dot"), this.#text);
		this.#panel.part.add("panel");
		this.#panel.setAttribute("role", "status");
		this.#badge.hidden = true;
		this.#panel.hidden = true;
		root.append(this.#badge, this.#panel);
		adopt(root);
	}

	/** Shows a message in place of the picture; null shows the picture. */
	show(panel: Panel | null): void {
		this.#panel.hidden = panel === null;
		this.#badge.hidden = true;
		this.#panel.replaceChildren();
		if (!panel) return;
		if (panel.isBusy) this.#panel.append(element("div", "spinner"));
		const title = element("p", "title");
		title.textContent = panel.title;
		this.#panel.append(title);
		if (panel.text) {
			const text = element("p", "");
			text.textContent = panel.text;
			this.#panel.append(text);
		}
		if (panel.action) this.#panel.append(button(panel.action));
	}

	/** Shows where playback stands. */
	update(stats: Stats): void {
		const isInterrupted = stats.state === "interrupted" && stats.joinSeconds > 0;
		const isPlaying = stats.state === "playing" || stats.state === "stalled";
		const hasNews = isInterrupted || (isPlaying && stats.latency > 0);
		this.#badge.hidden = !hasNews || !this.#panel.hidden;
		this.#badge.classList.toggle("late", isInterrupted || stats.latency > 5);
		const text = isInterrupted
			? words.reconnecting
			: `${stats.latency.toFixed(1)} ${words.behind} · ${share(stats)} ${words.shared}`;
		if (this.#text.textContent !== text) this.#text.textContent = text;
	}
}

/** Sets the look in a way that a page's Content-Security-Policy has no say in, if possible. */
function adopt(root: ShadowRoot): void {
	try {
		const sheet = new CSSStyleSheet();
		sheet.replaceSync(style);
		root.adoptedStyleSheets = [sheet];
	} catch {
		const sheet = document.createElement("style");
		sheet.textContent = style;
		root.append(sheet);
	}
}

/** The share of what came that came from other viewers. */
export function share({ httpBytes, p2pBytes }: Stats): string {
	const all = httpBytes + p2pBytes;
	return `${all === 0 ? 0 : Math.round((100 * p2pBytes) / all)} %`;
}

function element(name: string, className: string): HTMLElement {
	const created = document.createElement(name);
	if (className) created.className = className;
	return created;
}

function button({ label, run }: { label: string; run: () => void }): HTMLElement {
	const created = document.createElement("button");
	created.type = "button";
	created.textContent = label;
	created.addEventListener("click", run);
	return created;
}
