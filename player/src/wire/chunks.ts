// How a part is cut into chunks (docs/protocol.md §4), and bitmaps of chunks (§6).
import { bounds, Malformed } from "./codec.ts";

/** Length of a chunk's hash: SHA-256, cut to 128 bits. */
export const hashSize = 16;

/** How many stripes a rendition has, and the bits of all of them. */
export const stripes = 6;
export const allStripes = 2 ** stripes - 1;

/**
 * The stripe of the only chunk of part `number`. Steps of the golden ratio, so that
 * keyframes, which have more than one, leave all stripes about as much to carry.
 */
export function turnOf(number: number): number {
	return Math.floor(((Math.imul(number, 2_654_435_761) >>> 0) * stripes) / 2 ** 32);
}

/** The stripe of a chunk of part `number`, which has `count` chunks. */
export function stripeOf(number: number, chunk: number, count: number): number {
	return count === 1 ? turnOf(number) : chunk % stripes;
}

/** Size of every chunk but the last, when `length` bytes are cut in `count`. */
export function chunkSize(length: number, count: number): number {
	return count === 0 ? 0 : Math.ceil(length / count);
}

/** Whether `count` chunks can make up a part of `length` bytes. */
export function fits(length: number, count: number): boolean {
	if (count === 0 || length === 0) return count === 0 && length === 0;
	if (length > bounds.part || count > bounds.chunks) return false;
	const size = chunkSize(length, count);
	return size <= bounds.chunk && (count - 1) * size < length;
}

/** Where chunk `index` lies within its part. */
export function chunkRange(
	length: number,
	count: number,
	index: number,
): { start: number; end: number } {
	const size = chunkSize(length, count);
	return { start: index * size, end: Math.min(length, (index + 1) * size) };
}

/**
 * Chunk numbers as a bitmap: chunk 0 is the highest bit of the first byte. The
 * empty bitmap means all chunks, so a list that is empty has no encoding.
 */
export function encodeBitmap(chunks: readonly number[]): Uint8Array {
	const bitmap = new Uint8Array(chunks.length === 0 ? 0 : (Math.max(...chunks) >> 3) + 1);
	for (const chunk of chunks) bitmap[chunk >> 3]! |= 128 >> (chunk & 7);
	return bitmap;
}

/** The chunk numbers of a bitmap, or null for all of them. */
export function decodeBitmap(bitmap: Uint8Array): number[] | null {
	if (bitmap.length === 0) return null;
	if (bitmap[bitmap.length - 1] === 0) throw new Malformed("bitmap too long");
	const chunks: number[] = [];
	for (let chunk = 0; chunk < bitmap.length * 8; chunk++) {
		if (bitmap[chunk >> 3]! & (128 >> (chunk & 7))) chunks.push(chunk);
	}
	return chunks;
}
