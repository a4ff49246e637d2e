// Requests for parts that are under way.
import type { Event } from "../peer/types.ts";
import type { Stats } from "../stats.ts";
import type { PartName } from "../wire/messages.ts";
import { type Answer, get, HttpError } from "./http.ts";

/** A held request for a part ends after this many milliseconds. */
const within = 12_000;

export const key = ({ rendition, number }: PartName): string => `${rendition}/${number}`;

export class Fetches {
	readonly #underWay = new Map<string, AbortController>();
	readonly #answers = new Map<string, Answer>();
	readonly #stats: Stats;
	readonly #handle: (event: Event) => void;

	/** `handle` is given what came of each request that was not aborted. */
	constructor(stats: Stats, handle: (event: Event) => void) {
		this.#stats = stats;
		this.#handle = handle;
	}

	async start({ rendition, number }: PartName, url: string): Promise<void> {
		const name = key({ rendition, number });
		const controller = new AbortController();
		const timer = setTimeout(() => controller.abort(), within);
		this.#underWay.set(name, controller);
		let event: Event;
		try {
			const answer = await get(url, this.#stats, controller.signal);
			this.#answers.set(name, answer);
			event = { type: "fetched", rendition, number, bytes: answer.bytes };
		} catch (error) {
			const gone = error instanceof HttpError && error.isGone;
			event = { type: "fetchFailed", rendition, number, gone };
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
		this.#answers.delete(key(part));
	}

	/** How the server delivered a part, or null when it didn't; tells it once. */
	answerTo(part: PartName): Answer | null {
		const answer = this.#answers.get(key(part)) ?? null;
		this.#answers.delete(key(part));
		return answer;
	}

	stop(): void {
		for (const controller of this.#underWay.values()) controller.abort();
		this.#underWay.clear();
	}
}
