// The panel with what a page needs to show the stream, ready to copy.
import { make, textButton } from "./dom.ts";
import { Sheet } from "./sheet.ts";
import type { Key, Say } from "./words.ts";

export type Snippet = readonly [key: Key, text: string];

/** Milliseconds for which a button says that it has copied. */
const saidFor = 2000;

export class Share {
	readonly sheet: Sheet;
	readonly #say: Say;

	constructor(say: Say, load: () => Promise<readonly Snippet[]>) {
		this.#say = say;
		this.sheet = new Sheet("share", say("share"), say);
		this.sheet.onToggle = (isOpen) => {
			if (isOpen) void load().then((snippets) => this.#show(snippets));
		};
	}

	#show(snippets: readonly Snippet[]): void {
		this.sheet.body.replaceChildren(...snippets.map((snippet) => this.#row(snippet)));
	}

	#row([key, text]: Snippet): HTMLElement {
		const id = `share-${key}`;
		const isLong = text.length > 90;
		const field = make("textarea", {
			id,
			readonly: "",
			rows: isLong ? "3" : "1",
			wrap: isLong ? "soft" : "off",
			dir: "ltr",
		});
		field.value = text;
		field.addEventListener("focus", () => field.select());
		const button = textButton(this.#say("copy"), () => void this.#copy(field, button));
		button.setAttribute("aria-describedby", id);
		const label = make("label", { for: id }, this.#say(key));
		return make("div", { class: "snippet" }, label, field, button);
	}

	async #copy(field: HTMLTextAreaElement, button: HTMLButtonElement): Promise<void> {
		field.select();
		try {
			await navigator.clipboard.writeText(field.value);
		} catch {
			// Frames and pages without HTTPS have no such thing; the old way asks nobody.
			if (!document.execCommand("copy")) return;
		}
		button.textContent = this.#say("copied");
		setTimeout(() => {
			button.textContent = this.#say("copy");
		}, saidFor);
	}
}

interface Card {
	html?: unknown;
	script_html?: unknown;
}

/** The stream's snippets: what its server says of it, or what can be said without it. */
export async function loadSnippets(src: string): Promise<Snippet[]> {
	const root = src.replace(/\/live\/[^/]+$/, "");
	const name = src.slice(src.lastIndexOf("/") + 1);
	const text = (value: unknown, otherwise: string) =>
		typeof value === "string" ? value : otherwise;
	let card: Card = {};
	try {
		const answer = await fetch(`${root}/oembed?url=${encodeURIComponent(src)}`);
		if (answer.ok) card = await answer.json();
	} catch {
		// Without the server there is still the address.
	}
	const script = `<script type="module" src="${root}/player.js"></script>\n<live-relay src="${src}"></live-relay>`;
	const frame = `<iframe src="${root}/embed/${name}" width="640" height="360" allow="autoplay; fullscreen; picture-in-picture" style="border:0"></iframe>`;
	return [
		["shareLink", src],
		["sharePlayer", text(card.script_html, script)],
		["shareFrame", text(card.html, frame)],
		["sharePlaylist", `${src}/index.m3u8`],
	];
}
