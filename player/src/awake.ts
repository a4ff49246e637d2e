// Notices when the player is back: the page in the foreground, the network there again,
// the computer out of its sleep.

/** A timer that is this late (milliseconds) tells of a page that slept. */
const sleptFor = 2000;
/** Milliseconds after which connections that outlived a change of the network have brought something. */
const movedFor = 700;

export interface AwakeHandlers {
	/** What is open may have died meanwhile. */
	onWake(): void;
	/** There is a network again, for a moment now: what brings nothing is dead. */
	onMoved(): void;
	/** The computer slept, or its clock was set: it knows nothing of now. */
	onSlept(): void;
}

export class Awake {
	readonly #handlers: AwakeHandlers;
	#lookedAt = performance.now();
	/** What the wall clock says beyond the other one, which stands while a computer sleeps. */
	#ahead = Date.now() - this.#lookedAt;

	constructor(handlers: AwakeHandlers) {
		this.#handlers = handlers;
	}

	/** Listens until the signal says otherwise. */
	listen(signal: AbortSignal): void {
		const wake = () => this.#handlers.onWake();
		window.addEventListener("pageshow", wake, { signal });
		const moved = () => {
			wake();
			setTimeout(() => this.#handlers.onMoved(), movedFor);
		};
		window.addEventListener("online", moved, { signal });
		const seen = () => {
			if (!document.hidden) wake();
		};
		document.addEventListener("visibilitychange", seen, { signal });
	}

	/** To be called again and again. */
	look(): void {
		const now = performance.now();
		const late = now - this.#lookedAt;
		const before = this.#ahead;
		this.#lookedAt = now;
		this.#ahead = Date.now() - now;
		if (Math.abs(this.#ahead - before) > sleptFor) this.#handlers.onSlept();
		else if (late > sleptFor) this.#handlers.onWake();
	}
}
