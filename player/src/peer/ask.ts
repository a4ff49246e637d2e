// One request that is under way: chunks of a part, asked of one peer.

/** What was asked, and what of it was answered. */
export class Ask {
	/** Null: all chunks. */
	#wanted: Set<number> | null;
	readonly #answered = new Set<number>();
	/** All that was asked was answered at one stroke. */
	#closed = false;

	constructor(chunks: readonly number[] | null) {
		this.#wanted = chunks ? new Set(chunks) : null;
	}

	/** Asks for more; what was answered already may be asked again. */
	add(chunks: readonly number[] | null): void {
		if (this.#closed) this.#wanted = new Set();
		this.#closed = false;
		if (!chunks) {
			this.#wanted = null;
			this.#answered.clear();
			return;
		}
		for (const chunk of chunks) {
			this.#wanted?.add(chunk);
			this.#answered.delete(chunk);
		}
	}

	/** Whether chunk was asked for and not answered. */
	isOpen(chunk: number): boolean {
		if (this.#closed || this.#answered.has(chunk)) return false;
		return this.#wanted === null || this.#wanted.has(chunk);
	}

	/** Notes an answer; null answers everything. */
	answer(chunks: readonly number[] | null): void {
		if (chunks) for (const chunk of chunks) this.#answered.add(chunk);
		else this.#closed = true;
	}

	/** The chunks without an answer, of a part of `count` chunks. */
	open(count: number): number[] {
		return Array.from({ length: count }, (_, chunk) => chunk).filter((c) => this.isOpen(c));
	}

	/** Whether anything has no answer yet; count is undefined before the head. */
	isPending(count: number | undefined): boolean {
		if (this.#closed) return false;
		if (count !== undefined) return this.open(count).length > 0;
		return this.#wanted === null || [...this.#wanted].some((c) => !this.#answered.has(c));
	}

	/** What is still open before the head is known, in a form that can be sent. */
	remainder(count: number | undefined): number[] | null {
		if (count !== undefined) {
			const open = this.open(count);
			return open.length === count ? null : open;
		}
		return this.#wanted && [...this.#wanted].filter((c) => !this.#answered.has(c));
	}
}
