// The encoding of docs/protocol.md §1. Whatever a reader is given was written by
// strangers: every method either returns a value within its bound or throws.

/** A message that does not follow docs/protocol.md. */
export class Malformed extends Error {
	override readonly name = "Malformed";
}

/** Bounds of docs/protocol.md §1. */
export const bounds = {
	string: 256,
	lines: 2048,
	renditions: 32,
	inits: 256,
	chunks: 4096,
	part: 16 << 20,
	batch: 64,
	wishes: 8,
	message: 65_536,
	chunk: 16_384,
	bitmap: 512,
} as const;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** Reads fields from bytes, front to back, without copying. */
export class Reader {
	readonly #bytes: Uint8Array;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	/** Bytes that were not read yet. */
	get left(): number {
		return this.#bytes.length - this.#at;
	}

	raw(length: number): Uint8Array {
		if (length > this.left) throw new Malformed("too short");
		this.#at += length;
		return this.#bytes.subarray(this.#at - length, this.#at);
	}

	/** All that is left. */
	rest(): Uint8Array {
		return this.raw(this.left);
	}

	u8(): number {
		return this.raw(1)[0]!;
	}

	u64(): number {
		const bytes = this.raw(8);
		const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
		const value = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
		if (value > Number.MAX_SAFE_INTEGER) throw new Malformed("integer too great");
		return value;
	}

	/** A uvarint in its shortest form, at most 2^53 - 1 and at most `most`. */
	uvarint(most: number = Number.MAX_SAFE_INTEGER): number {
		let value = 0;
		for (let shift = 0; ; shift += 7) {
			const byte = this.u8();
			if (shift > 0 && byte === 0) throw new Malformed("integer longer than needed");
			// 7 groups of 7 bits fill 49; the eighth may hold 4 bits more.
			if (shift === 49 && byte > 15) throw new Malformed("integer too great");
			value += (byte & 127) * 2 ** shift;
			if (byte < 128) break;
		}
		if (value > most) throw new Malformed(`${value} is above ${most}`);
		return value;
	}

	bytes(most: number): Uint8Array {
		return this.raw(this.uvarint(most));
	}

	str(most: number = bounds.string): string {
		const bytes = this.bytes(most);
		try {
			return utf8.decode(bytes);
		} catch {
			throw new Malformed("no UTF-8");
		}
	}

	/** A record: fields behind a length, of which later ones may be unknown. */
	record(): Reader {
		return new Reader(this.raw(this.uvarint()));
	}

	/** Fails unless everything was read. */
	end(): void {
		if (this.left > 0) throw new Malformed(`${this.left} bytes left over`);
	}
}

/** Builds the encoding of docs/protocol.md §1. */
export class Writer {
	#bytes = new Uint8Array(64);
	#length = 0;

	#grow(by: number): number {
		const at = this.#length;
		this.#length += by;
		if (this.#length > this.#bytes.length) {
			const bytes = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
			bytes.set(this.#bytes.subarray(0, at));
			this.#bytes = bytes;
		}
		return at;
	}

	raw(bytes: Uint8Array): this {
		const at = this.#grow(bytes.length);
		this.#bytes.set(bytes, at);
		return this;
	}

	u8(value: number): this {
		const at = this.#grow(1);
		this.#bytes[at] = value;
		return this;
	}

	u64(value: number): this {
		const at = this.#grow(8);
		const view = new DataView(this.#bytes.buffer, at, 8);
		view.setUint32(0, Math.floor(value / 2 ** 32));
		view.setUint32(4, value >>> 0);
		return this;
	}

	uvarint(value: number): this {
		let rest = value;
		while (rest > 127) {
			this.u8((rest % 128) | 128);
			rest = Math.floor(rest / 128);
		}
		return this.u8(rest);
	}

	bytes(bytes: Uint8Array): this {
		return this.uvarint(bytes.length).raw(bytes);
	}

	str(text: string): this {
		return this.bytes(encoder.encode(text));
	}

	/** What was written, in a buffer of its own size. */
	finish(): Uint8Array<ArrayBuffer> {
		return this.#bytes.slice(0, this.#length);
	}
}
