// What stands in place of the picture: while it begins, in each trouble, and where playback
// stands for long.
import * as messages from "./messages.ts";
import { Standstill } from "./playback/standstill.ts";
import type { State } from "./stats.ts";
import type { Trouble } from "./trouble.ts";
import type { Message } from "./ui/message.ts";
import type { View } from "./ui/view.ts";

export class Cover {
	readonly #view: View;
	readonly #ways: messages.Ways;
	readonly #standstill = new Standstill();
	readonly #onClear: () => void;
	#isOn = false;
	/** What covers it is that it stands. */
	#isOfStanding = false;

	/** `onClear` is called whenever there is a picture again. */
	constructor(view: View, ways: Omit<messages.Ways, "say">, onClear: () => void) {
		this.#view = view;
		this.#ways = { say: view.say, ...ways };
		this.#onClear = onClear;
	}

	get isOn(): boolean {
		return this.#isOn;
	}

	show(message: Message): void {
		this.#isOn = true;
		this.#isOfStanding = false;
		this.#view.show(message);
	}

	clear(): void {
		this.#isOn = false;
		this.#view.show(null);
		this.#onClear();
	}

	busy(title: "connecting" | "starting"): void {
		this.show({ title: this.#view.say(title), isBusy: true });
	}

	/** A click is wanted before it begins. */
	ready(run: () => void): void {
		this.show(messages.ready(this.#view.say, run));
	}

	waiting(title: string): void {
		this.show(messages.waiting(this.#ways, title));
	}

	/** The next broadcast is waited for. */
	left(state: "ended" | "interrupted"): void {
		this.show(state === "ended" ? messages.ended(this.#ways) : messages.gone(this.#ways));
		this.#view.ask(false);
	}

	/** What hinders the session, for whoever shows it. */
	trouble(kind: Trouble): Message {
		return messages.trouble(this.#ways, kind);
	}

	/** It can't be played; returns why, in words. */
	fatal(kind: messages.Fatal, detail?: string): string {
		const message = messages.fatal(this.#ways, kind, detail);
		this.show(message);
		return message.text;
	}

	/**
	 * Covers a playback that stands for long, with why, until it moves again, or could if it was
	 * not paused. `isCutOff`: nothing is heard of the server any more.
	 */
	look(state: State, now: number, hasPicture: boolean, isCutOff: boolean): void {
		const isLong = this.#standstill.isLong(state, now);
		if (!hasPicture) return;
		const couldMove = state === "playing" || (state === "paused" && this.#isOfStanding);
		if (isLong && !this.#isOn) {
			this.show(messages.standing(this.#ways, isCutOff));
			this.#isOfStanding = true;
		} else if (couldMove && this.#isOn) this.clear();
	}
}
