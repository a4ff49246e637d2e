// A number that is each peer's own for each part (docs/protocol.md §6.1): whom to ask,
// and what is spread over time.
import { sha256 } from "../crypto.ts";
import { Writer } from "../wire/codec.ts";
import type { PartName } from "../wire/messages.ts";

/** The first 8 bytes of SHA-256 of peer and part, as a number. */
export function score(peer: string, part: PartName): bigint {
	const name = new Writer().str(peer).uvarint(part.rendition).uvarint(part.number).finish();
	return new DataView(sha256(name).buffer).getBigUint64(0);
}
