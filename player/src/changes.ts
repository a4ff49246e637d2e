// Tells the page of a change, once.
import type { Emit } from "./player.ts";
import type { Stats } from "./stats.ts";

export class Changes {
	readonly #emit: Emit;
	#told = { state: "", rendition: "", automatic: true };

	constructor(emit: Emit) {
		this.#emit = emit;
	}

	tell({ state, rendition }: Stats, automatic: boolean): void {
		const before = this.#told;
		this.#told = { state, rendition, automatic };
		if (state !== before.state) this.#emit("statechange", state);
		if (rendition !== before.rendition || automatic !== before.automatic)
			this.#emit("qualitychange", { rendition, automatic });
	}
}
