// What stands in place of the picture: why there is none, and what to do about it.
import { make, setText, textButton } from "./dom.ts";

export interface Message {
	title: string;
	text?: string;
	isBusy?: boolean;
	/** Ways out: something to do, or somewhere to go. */
	actions?: readonly Action[];
}

export type Action = { label: string } & ({ run: () => void } | { href: string });

export class MessageBox {
	readonly element = make("div", { class: "message", part: "message" });
	readonly #spinner = make("div", { class: "spinner", part: "spinner" });
	readonly #title = make("p", { class: "title" });
	readonly #text = make("p");
	readonly #actions = make("div", { class: "actions" });

	constructor() {
		// What is in a region that is there already is read aloud when it changes.
		const words = make("div", { role: "status", class: "words" }, this.#title, this.#text);
		this.element.append(this.#spinner, words, this.#actions);
		this.element.hidden = true;
	}

	show(message: Message | null): void {
		this.element.hidden = message === null;
		this.#spinner.hidden = !message?.isBusy;
		setText(this.#title, message?.title ?? "");
		setText(this.#text, message?.text ?? "");
		this.#text.hidden = !message?.text;
		const buttons = (message?.actions ?? []).map(actionElement);
		this.#actions.hidden = buttons.length === 0;
		this.#actions.replaceChildren(...buttons);
	}
}

function actionElement(action: Action, index: number): HTMLElement {
	const kind = index === 0 ? "strong" : "plain";
	if ("run" in action) return textButton(action.label, action.run, kind);
	// A frame's page is not the place for another page.
	const attributes = { class: `button ${kind}`, part: "button", href: action.href };
	return make("a", { ...attributes, target: "_blank", rel: "noopener" }, action.label);
}
