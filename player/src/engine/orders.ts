// Parts that playback asked for, and that have not come yet.
import type { PartName } from "../wire/messages.ts";
import { key } from "./fetches.ts";

type Resolve = (bytes: Uint8Array | null) => void;

export class Orders {
	readonly #waiting = new Map<string, Resolve[]>();
	readonly #release: (part: PartName) => void;

	/** `release` is given parts that nobody waits for any more though they did not come. */
	constructor(release: (part: PartName) => void) {
		this.#release = release;
	}

	/** Resolves with the part's bytes, or with null when it can't be had or is given up. */
	wait(part: PartName, left?: AbortSignal): Promise<Uint8Array | null> {
		const name = key(part);
		return new Promise((resolve) => {
			this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), resolve]);
			left?.addEventListener("abort", () => {
				const waiting = this.#waiting.get(name);
				const others = waiting?.filter((other) => other !== resolve) ?? [];
				resolve(null);
				if (others.length > 0) this.#waiting.set(name, others);
				// Unless it came before.
				else if (this.#waiting.delete(name)) this.#release(part);
			});
		});
	}

	fill(part: PartName, bytes: Uint8Array | null): void {
		const waiting = this.#waiting.get(key(part));
		this.#waiting.delete(key(part));
		for (const resolve of waiting ?? []) resolve(bytes);
	}

	/** Gives up what was asked for of a rendition, or all there is. */
	cancel(rendition?: number): void {
		for (const [name, waiting] of this.#waiting) {
			if (rendition !== undefined && !name.startsWith(`${rendition}/`)) continue;
			this.#waiting.delete(name);
			for (const resolve of waiting) resolve(null);
		}
	}
}

/** One after the other; null when one is missing or there is none. */
export function joined(parts: readonly (Uint8Array | null)[]): Uint8Array | null {
	const there = parts.filter((part) => part !== null);
	if (there.length === 0 || there.length < parts.length) return null;
	const bytes = new Uint8Array(there.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of there) {
		bytes.set(part, at);
		at += part.length;
	}
	return bytes;
}
