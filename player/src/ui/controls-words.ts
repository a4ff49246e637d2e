// Takes the place of media-chrome's own translations: its controls speak from the
// player's catalogue. (It asks for them by their English words.)
import { controlWord, fill, type Language, languageOf } from "./words.ts";

// media-chrome has one language for all of a page's players.
let language: Language = languageOf(navigator.languages);

export function setLanguage(wish: string): void {
	language = languageOf([wish]);
}

export const getResolvedLanguage = (): string => language;

export const addTranslation = (): void => {};

export function t(key: string, values?: Record<string, string | number>): string {
	return fill(controlWord(language, key) ?? key, values);
}
