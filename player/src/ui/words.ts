// What the player says, in each of its languages: the catalogue is words/*.json.
import * as ar from "../../words/ar.json";
import * as de from "../../words/de.json";
import * as en from "../../words/en.json";
import * as es from "../../words/es.json";
import * as fr from "../../words/fr.json";

const catalogue = { ar, de, en, es, fr };

export type Language = keyof typeof catalogue;
export type Key = keyof typeof en.player;
export type Say = (key: Key, values?: Record<string, string | number>) => string;

/** The first of the wished languages that there is; English without one. */
export function languageOf(wishes: readonly string[]): Language {
	for (const wish of wishes) {
		const [base = ""] = wish.toLowerCase().split("-");
		if (Object.hasOwn(catalogue, base)) return base as Language;
	}
	return "en";
}

export const directionOf = (language: Language): string => catalogue[language].direction;

/** Puts values in the places of their names: "{seconds} s behind live". */
export function fill(text: string, values: Record<string, string | number> = {}): string {
	return text.replace(/\{(\w+)\}/g, (all, name: string) => `${values[name] ?? all}`);
}

export function sayIn(language: Language): Say {
	const words: Record<Key, string> = catalogue[language].player;
	return (key, values) => fill(words[key], values);
}

/** A word of media-chrome's, by its English in lower case; undefined if it has no entry. */
export function controlWord(language: Language, english: string): string | undefined {
	const words: Record<string, string> = catalogue[language].controls;
	return words[english.toLowerCase()];
}
