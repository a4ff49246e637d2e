// Asks, while the stream plays, whether it may be shared.
import { make, textButton } from "./dom.ts";
import type { Say } from "./words.ts";

export class Ask {
	readonly element: HTMLElement;

	constructor(say: Say, answer: (mayShare: boolean) => void) {
		const run = (mayShare: boolean) => () => {
			this.element.hidden = true;
			answer(mayShare);
		};
		this.element = make(
			"section",
			{ class: "ask", part: "panel ask", "aria-labelledby": "ask-title" },
			make("h2", { id: "ask-title" }, say("askTitle")),
			make("p", {}, say("ask")),
			make(
				"div",
				{ class: "actions" },
				textButton(say("askYes"), run(true), "strong"),
				textButton(say("askNo"), run(false)),
			),
		);
		this.element.hidden = true;
	}
}
