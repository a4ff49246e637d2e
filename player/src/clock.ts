/** The server's clock, as far as a viewer can know it. */
export class ServerClock {
	#offset = 0;
	#error = Number.POSITIVE_INFINITY;
	readonly #local: () => number;

	constructor(local: () => number = () => performance.timeOrigin + performance.now()) {
		this.#local = local;
	}

	/** The viewer's own clock, in milliseconds since 1970. */
	local(): number {
		return this.#local();
	}

	/** The server's clock, in milliseconds since 1970. */
	now(): number {
		return this.#local() + this.#offset;
	}

	/** The local clock stood still, or was set: the next sample counts, however slow. */
	forget(): void {
		this.#error = Number.POSITIVE_INFINITY;
	}

	/**
	 * Takes a sample: the server's time in an answer to a question that was sent and
	 * came back at the given local times. The quickest answer counts, and each
	 * sample wears out, so that a clock that drifts is followed.
	 */
	sample(server: number, sent: number, received: number): void {
		const error = (received - sent) / 2;
		this.#error += 1;
		if (error > this.#error) return;
		this.#error = error;
		this.#offset = server - (sent + received) / 2;
	}
}
