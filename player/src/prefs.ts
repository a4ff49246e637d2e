// What a viewer chose, kept for the next visit. In a frame of another site storage may
// throw; then it is kept for this page only.
import { isMode, type Mode } from "./net/join.ts";

export interface Prefs {
	/** The viewer's wish about sharing; null: the page's. */
	mode: Mode | null;
	/** The answer to `ask`; null: not asked yet. */
	mayShare: boolean | null;
	/** From 0 to 1. */
	volume: number;
}

const name = "live-relay";
const defaults: Prefs = { mode: null, mayShare: null, volume: 1 };

function read(): Record<string, unknown> {
	try {
		const kept: unknown = JSON.parse(localStorage.getItem(name) ?? "{}");
		return typeof kept === "object" && kept !== null ? { ...kept } : {};
	} catch {
		return {};
	}
}

export function loadPrefs(): Prefs {
	const { mode, mayShare, volume } = read();
	return {
		mode: isMode(mode) ? mode : defaults.mode,
		mayShare: typeof mayShare === "boolean" ? mayShare : defaults.mayShare,
		volume: typeof volume === "number" && volume >= 0 && volume <= 1 ? volume : defaults.volume,
	};
}

export function savePrefs(prefs: Prefs): void {
	try {
		localStorage.setItem(name, JSON.stringify(prefs));
	} catch {
		// It holds for this page.
	}
}
