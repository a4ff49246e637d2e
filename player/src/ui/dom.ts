// Making elements.
import { icon, type icons } from "./icons.ts";

type Child = Node | string;

/** Makes an element with attributes; a value of null leaves one out. */
export function make<K extends keyof HTMLElementTagNameMap>(
	name: K,
	attributes?: Record<string, string | null>,
	...children: Child[]
): HTMLElementTagNameMap[K];
export function make(
	name: string,
	attributes?: Record<string, string | null>,
	...children: Child[]
): HTMLElement;
export function make(
	name: string,
	attributes: Record<string, string | null> = {},
	...children: Child[]
): HTMLElement {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes))
		if (value !== null) element.setAttribute(key, value);
	element.append(...children);
	return element;
}

/** A button with words. */
export function textButton(label: string, run: () => void, kind = "plain"): HTMLButtonElement {
	const button = make("button", { type: "button", class: kind, part: "button" }, label);
	button.addEventListener("click", run);
	return button;
}

/** A button with a picture; the label is for those who don't see it, and for the pointer. */
export function iconButton(
	name: keyof typeof icons,
	label: string,
	run: () => void,
): HTMLButtonElement {
	const button = make(
		"button",
		{ type: "button", class: "icon", part: `button ${name}-button`, "aria-label": label },
		icon(name),
	);
	button.title = label;
	button.addEventListener("click", run);
	return button;
}

/** Changes a text only when it is another one, so that nobody is read the same twice. */
export function setText(element: Element, text: string): void {
	if (element.textContent !== text) element.textContent = text;
}
