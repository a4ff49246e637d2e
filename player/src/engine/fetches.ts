// Requests for chunks of parts that are under way.
import { type ByteRange, get, HttpError } from "../net/http.ts";
import type { Event } from "../peer/types.ts";
import type { Stats } from "../stats.ts";
import type { PartName } from "../wire/messages.ts";

/** A request ends after this many milliseconds. */
const within = 8000;

export const key = ({ rendition, number }: PartName): string => `${rendition}/${number}`;

export class Fetches {
	readonly #underWay = new Map<string, AbortController>();
	readonly #stats: Stats;
	readonly #handle: (event: Event) => void;

	/** `handle` is given what came of each request that was not aborted. */
	constructor(stats: Stats, handle: (event: Event) => void) {
		this.#stats = stats;
		this.#handle = handle;
	}

	/** Gets a part, or a range of it. */
	async start({ rendition, number }: PartName, url: string, range?: ByteRange): Promise<void> {
		const name = key({ rendition, number });
		const controller = new AbortController();
		const timer = setTimeout(() => controller.abort(), within);
		this.#underWay.set(name, controller);
		let event: Event;
		try {
			const { bytes } = await get(url, this.#stats, controller.signal, range);
			event = { type: "fetched", rendition, number, bytes };
		} catch (error) {
			const failed = error instanceof HttpError ? error : null;
			const { isGone: gone = false, retryAfter = 0 } = failed ?? {};
			event = { type: "fetchFailed", rendition, number, gone, retryAfter };
		}
		clearTimeout(timer);
		// Whoever aborted the request expects no answer.
		if (this.#underWay.get(name) !== controller) return;
		this.#underWay.delete(name);
		this.#handle(event);
	}

	abort(part: PartName): void {
		this.#underWay.get(key(part))?.abort();
		this.#underWay.delete(key(part));
	}

	stop(): void {
		for (const controller of this.#underWay.values()) controller.abort();
		this.#underWay.clear();
	}
}
