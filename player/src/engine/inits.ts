// Init segments, checked against the manifest: the feed brings them; what it has not
// brought in time is fetched, once.
import { equal, sha256 } from "../crypto.ts";
import { get } from "../net/http.ts";
import type { Stats } from "../stats.ts";

export class Inits {
	readonly #held = new Map<string, Uint8Array>();
	readonly #fetches = new Map<string, Promise<Uint8Array>>();
	readonly #waiting = new Map<string, ((bytes: Uint8Array) => void)[]>();
	readonly #stats: Stats;
	readonly #signal: AbortSignal;

	constructor(stats: Stats, signal: AbortSignal) {
		this.#stats = stats;
		this.#signal = signal;
	}

	has(url: string): boolean {
		return this.#held.has(url);
	}

	/** Takes what the feed brought; throws when its SHA-256 is another one. */
	put(url: string, bytes: Uint8Array, hash: Uint8Array | undefined): void {
		if (!hash || !equal(sha256(bytes), hash)) throw new Error("an init segment with wrong bytes");
		const copy = bytes.slice();
		this.#held.set(url, copy);
		for (const resolve of this.#waiting.get(url) ?? []) resolve(copy);
		this.#waiting.delete(url);
	}

	/**
	 * Gets an init segment whose SHA-256 is known, from the feed if that brings it within
	 * `patience` milliseconds; rejects when it has another one.
	 */
	async get(url: string, hash: Uint8Array | undefined, patience: number): Promise<Uint8Array> {
		const held = this.#held.get(url) ?? (await this.#wait(url, patience));
		if (held) return held;
		let fetch = this.#fetches.get(url);
		if (!fetch) {
			fetch = this.#fetch(url, hash);
			this.#fetches.set(url, fetch);
			fetch.catch(() => {}).finally(() => this.#fetches.delete(url));
		}
		return fetch;
	}

	#wait(url: string, patience: number): Promise<Uint8Array | null> {
		if (patience <= 0) return Promise.resolve(null);
		return new Promise((resolve) => {
			this.#waiting.set(url, [...(this.#waiting.get(url) ?? []), resolve]);
			setTimeout(() => resolve(null), patience);
		});
	}

	async #fetch(url: string, hash: Uint8Array | undefined): Promise<Uint8Array> {
		const { bytes } = await get(url, this.#stats, this.#signal);
		this.put(url, bytes, hash);
		return bytes;
	}
}
