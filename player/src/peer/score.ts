// Who takes a part from the server (docs/protocol.md §6.1, rule 1).
import { sha256 } from "../crypto.ts";
import { Writer } from "../wire/codec.ts";
import type { PartName } from "../wire/messages.ts";

/** The first 8 bytes of SHA-256 of peer and part, as a number. */
export function score(peer: string, part: PartName): bigint {
	const name = new Writer().str(peer).uvarint(part.rendition).uvarint(part.number).finish();
	return new DataView(sha256(name).buffer).getBigUint64(0);
}

/** The candidate with the highest score, or null when there is none. */
export function highest<T extends { id: string }>(
	candidates: readonly T[],
	part: PartName,
): T | null {
	let best: T | null = null;
	let most = -1n;
	for (const candidate of candidates) {
		const value = score(candidate.id, part);
		if (value > most) [best, most] = [candidate, value];
	}
	return best;
}
