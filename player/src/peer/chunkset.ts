/**
 * A set of chunks of a part whose number of chunks may still be unknown: those that
 * are marked or, when it began as all of them, those that are not.
 */
export class ChunkSet {
	#isAll = false;
	#marked = new Set<number>();

	has(chunk: number): boolean {
		return this.#isAll !== this.#marked.has(chunk);
	}

	/** Puts chunks in; null puts in all. */
	add(chunks: readonly number[] | null): this {
		if (!chunks) {
			this.#isAll = true;
			this.#marked.clear();
		}
		for (const chunk of chunks ?? []) this.#mark(chunk, !this.#isAll);
		return this;
	}

	/** Takes chunks out; null takes out all. */
	remove(chunks: readonly number[] | null): void {
		if (!chunks) {
			this.#isAll = false;
			this.#marked.clear();
		}
		for (const chunk of chunks ?? []) this.#mark(chunk, this.#isAll);
	}

	#mark(chunk: number, isMarked: boolean): void {
		if (isMarked) this.#marked.add(chunk);
		else this.#marked.delete(chunk);
	}

	/** Whether nothing is in it; `count` is the part's number of chunks, if known. */
	isEmpty(count: number | undefined): boolean {
		if (count === undefined) return !this.#isAll && this.#marked.size === 0;
		return this.below(count).length === 0;
	}

	/** Whether any of the chunks is in it. */
	touches(chunks: readonly number[] | null, count: number | undefined): boolean {
		if (!chunks) return !this.isEmpty(count);
		return chunks.some((chunk) => this.has(chunk) && (count === undefined || chunk < count));
	}

	/** Its chunks below `count`. */
	below(count: number): number[] {
		return Array.from({ length: count }, (_, chunk) => chunk).filter((chunk) => this.has(chunk));
	}

	/** Its chunks in the form of a message: null for all, or when the count is unknown. */
	wire(count: number | undefined): number[] | null {
		const chunks = count === undefined ? [] : this.below(count);
		return chunks.length === (count ?? 0) ? null : chunks;
	}
}
