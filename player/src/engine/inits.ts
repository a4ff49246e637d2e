// Init segments: each is fetched once and checked against the manifest.
import { equal, sha256 } from "../crypto.ts";
import type { Stats } from "../stats.ts";
import { get } from "./http.ts";

export class Inits {
	readonly #held = new Map<string, Promise<Uint8Array>>();
	readonly #stats: Stats;
	readonly #signal: AbortSignal;

	constructor(stats: Stats, signal: AbortSignal) {
		this.#stats = stats;
		this.#signal = signal;
	}

	/** Gets an init segment whose SHA-256 is known; rejects when it has another one. */
	get(url: string, hash: Uint8Array | undefined): Promise<Uint8Array> {
		let init = this.#held.get(url);
		if (!init) {
			init = this.#fetch(url, hash);
			this.#held.set(url, init);
			init.catch(() => this.#held.delete(url));
		}
		return init;
	}

	async #fetch(url: string, hash: Uint8Array | undefined): Promise<Uint8Array> {
		const { bytes } = await get(url, this.#stats, this.#signal);
		if (!hash || !equal(sha256(bytes), hash)) throw new Error("an init segment with a wrong hash");
		return bytes;
	}
}
