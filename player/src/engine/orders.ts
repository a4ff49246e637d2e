// Parts that playback asked for, and that have not come yet.
import type { PartName } from "../wire/messages.ts";
import { key } from "./fetches.ts";

type Resolve = (bytes: Uint8Array | null) => void;

export class Orders {
	readonly #waiting = new Map<string, Resolve[]>();

	/** Resolves with the part's bytes, or with null when it can't be had. */
	wait(part: PartName): Promise<Uint8Array | null> {
		const { promise, resolve } = deferred();
		this.#waiting.set(key(part), [...(this.#waiting.get(key(part)) ?? []), resolve]);
		return promise;
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

function deferred() {
	let resolve: Resolve = () => {};
	const promise = new Promise<Uint8Array | null>((done) => {
		resolve = done;
	});
	return { promise, resolve };
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
