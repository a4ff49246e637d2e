// A panel over the picture: it has a title, closes by its button and by Escape, and
// gives the focus back to where it came from.
import { iconButton, make } from "./dom.ts";
import type { Say } from "./words.ts";

export class Sheet {
	readonly element: HTMLElement;
	readonly body = make("div", { class: "body" });
	/** Called when it is opened and closed. */
	onToggle: (isOpen: boolean) => void = () => {};
	#before: Element | null = null;

	constructor(name: string, title: string, say: Say) {
		const id = `sheet-${name}`;
		this.element = make(
			"section",
			{ class: `sheet ${name}`, part: `panel ${name}`, role: "dialog", "aria-labelledby": id },
			make(
				"header",
				{},
				make("h2", { id }, title),
				iconButton("close", say("close"), () => this.close()),
			),
			this.body,
		);
		this.element.hidden = true;
		this.element.tabIndex = -1;
		this.element.addEventListener("keydown", (event) => {
			if (event.key !== "Escape") return;
			event.stopPropagation();
			this.close();
		});
	}

	get isOpen(): boolean {
		return !this.element.hidden;
	}

	toggle(): void {
		if (this.isOpen) this.close();
		else this.open();
	}

	open(): void {
		if (this.isOpen) return;
		const root = this.element.getRootNode();
		this.#before = root instanceof ShadowRoot ? root.activeElement : document.activeElement;
		this.element.hidden = false;
		this.onToggle(true);
		this.element.focus({ preventScroll: true });
	}

	close(): void {
		if (!this.isOpen) return;
		this.element.hidden = true;
		this.onToggle(false);
		if (this.#before instanceof HTMLElement) this.#before.focus({ preventScroll: true });
		this.#before = null;
	}
}
