// What the viewer wants: how to share, and how loud. It is kept for the next visit.
import { stricter } from "./manners.ts";
import type { Mode } from "./net/join.ts";
import { loadPrefs, type Prefs, savePrefs } from "./prefs.ts";

export class Consent {
	readonly #prefs: Prefs = loadPrefs();
	/** What the page wants. */
	readonly #page: Mode;
	/** What the stream wants, once it is known. */
	stream: Mode = "auto";

	constructor(page: Mode) {
		this.#page = page;
	}

	get volume(): number {
		return this.#prefs.volume;
	}

	set volume(volume: number) {
		this.#keep({ volume });
	}

	/** The viewer's mode: theirs, or the page's where that shares less. */
	get mode(): Mode {
		return stricter(this.#page, this.#prefs.mode ?? "auto");
	}

	set mode(mode: Mode) {
		// Who wants to be asked is asked again.
		this.#keep({ mode, ...(mode === "ask" ? { mayShare: null } : {}) });
	}

	/** What viewer, page and stream come to. */
	get agreed(): Mode {
		return stricter(this.stream, this.mode);
	}

	get mayShare(): boolean {
		return this.agreed === "auto" || (this.agreed === "ask" && this.#prefs.mayShare === true);
	}

	/** The viewer has to be asked. */
	get isOpen(): boolean {
		return this.agreed === "ask" && this.#prefs.mayShare === null;
	}

	answer(mayShare: boolean): void {
		this.#keep({ mayShare });
	}

	#keep(change: Partial<Prefs>): void {
		Object.assign(this.#prefs, change);
		savePrefs(this.#prefs);
	}
}
