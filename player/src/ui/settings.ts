// The panel with choices: quality, captions, sharing. They are the browser's own lists,
// which every keyboard, screen reader and phone knows.
import type { QualityChoice } from "../api.ts";
import type { Mode } from "../net/join.ts";
import { make, setText, textButton } from "./dom.ts";
import { Sheet } from "./sheet.ts";
import type { Say } from "./words.ts";

export interface SettingsHandlers {
	/** Null: automatic. */
	onQuality(name: string | null): void;
	/** Index among the text tracks; -1: off. */
	onCaptions(index: number): void;
	onMode(mode: Mode): void;
	onShare(): void;
	onStatistics(): void;
}

export interface SettingsState {
	qualities: readonly QualityChoice[];
	/** The one that was chosen by hand; null: automatic. */
	chosen: string | null;
	/** What is played. */
	playing: string;
	captions: readonly string[];
	shownCaptions: number;
	mode: Mode;
	/** Why nothing is uploaded, or shared at all; empty when there is nothing to say. */
	note: string;
}

const modes = [
	["auto", "modeAuto"],
	["ask", "modeAsk"],
	["relays", "modeRelays"],
	["none", "modeNone"],
] as const;

export class Settings {
	readonly sheet: Sheet;
	readonly #say: Say;
	readonly #quality = make("select", { id: "quality" });
	readonly #captions = make("select", { id: "captions" });
	readonly #mode = make("select", { id: "mode" });
	readonly #captionsRow: HTMLElement;
	readonly #note = make("p", { class: "caption" });

	constructor(say: Say, handlers: SettingsHandlers) {
		this.#say = say;
		this.sheet = new Sheet("settings", say("settings"), say);
		this.#captionsRow = row(say("captions"), this.#captions);
		for (const [mode, key] of modes) this.#mode.append(new Option(say(key), mode));
		this.#quality.addEventListener("change", () => handlers.onQuality(this.#quality.value || null));
		this.#captions.addEventListener("change", () =>
			handlers.onCaptions(Number(this.#captions.value)),
		);
		this.#mode.addEventListener("change", () => handlers.onMode(this.#mode.value as Mode));
		this.sheet.body.append(
			row(say("quality"), this.#quality),
			this.#captionsRow,
			row(say("sharing"), this.#mode),
			this.#note,
			make(
				"div",
				{ class: "actions" },
				textButton(say("statistics"), handlers.onStatistics),
				textButton(say("share"), handlers.onShare),
			),
		);
	}

	update(state: SettingsState): void {
		const say = this.#say;
		const playing = state.qualities.find(({ name }) => name === state.playing)?.label;
		const isNamed = state.chosen === null && playing !== undefined;
		const automatic = isNamed ? say("automaticNow", { name: playing }) : say("automatic");
		options(
			this.#quality,
			[["", automatic], ...state.qualities.map(({ name, label }) => [name, label] as const)],
			state.chosen ?? "",
		);
		this.#captionsRow.hidden = state.captions.length === 0;
		options(
			this.#captions,
			[["-1", say("off")], ...state.captions.map((label, i) => [`${i}`, label] as const)],
			`${state.shownCaptions}`,
		);
		this.#mode.value = state.mode;
		setText(this.#note, state.note);
		this.#note.hidden = !state.note;
	}
}

function row(label: string, select: HTMLSelectElement): HTMLElement {
	return make("div", { class: "row" }, make("label", { for: select.id }, label), select);
}

/** Changes a list only where it differs: an open one would close. */
function options(
	select: HTMLSelectElement,
	entries: readonly (readonly [string, string])[],
	value: string,
): void {
	const isSame =
		select.options.length === entries.length &&
		entries.every(([key], i) => select.options[i]?.value === key);
	if (!isSame) select.replaceChildren(...entries.map(([key, label]) => new Option(label, key)));
	else
		for (const [i, [, label]] of entries.entries()) {
			const option = select.options[i];
			if (option && option.text !== label) option.text = label;
		}
	if (select.value !== value) select.value = value;
}
