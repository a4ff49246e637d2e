// Heads (docs/protocol.md §4): the signed records of parts.
import { fits, hashSize } from "./chunks.ts";
import { bounds, Malformed, Reader, Writer } from "./codec.ts";

/** What is said of one part. Positions and durations are in microseconds. */
export interface Head {
	/** Index of the rendition in the manifest. */
	rendition: number;
	/** Runs from 0 over all parts of a rendition. */
	number: number;
	/** Media sequence number of the segment that holds the part. */
	msn: number;
	/** The part's place in its segment, from 0. */
	index: number;
	start: number;
	duration: number;
	/** Wall clock at the start, in milliseconds since 1970. */
	programTime: number;
	discontinuity: number;
	/** Decoding can start here. */
	independent: boolean;
	/** There is no media in this part. */
	gap: boolean;
	/** The part is the last of its segment. */
	segmentEnd: boolean;
	/** The publisher is away, and this is its last picture once more. */
	still?: true;
	/** Number of the init segment that the part needs. */
	init: number;
	/** Length in bytes. */
	length: number;
	/** One hash for each chunk. */
	chunks: Uint8Array[];
	/** Playlist lines that are carried as they are. */
	lines: string;
}

const flag = { independent: 1, gap: 2, segmentEnd: 4, still: 8 } as const;

/** Reads the body of a batch. `renditions` is how many the manifest has. */
export function decodeHeads(body: Uint8Array, renditions: number = bounds.renditions): Head[] {
	const reader = new Reader(body);
	const count = reader.uvarint(bounds.batch);
	if (count === 0) throw new Malformed("a batch without heads");
	const heads: Head[] = [];
	for (let i = 0; i < count; i++) heads.push(decodeHead(reader.record(), renditions));
	return heads;
}

function decodeHead(reader: Reader, renditions: number): Head {
	const rendition = reader.uvarint(renditions - 1);
	const number = reader.uvarint();
	const msn = reader.uvarint();
	const index = reader.uvarint();
	const start = reader.uvarint();
	const duration = reader.uvarint();
	const programTime = reader.uvarint();
	const discontinuity = reader.uvarint();
	const flags = reader.u8();
	const init = reader.uvarint(bounds.inits - 1);
	const length = reader.uvarint(bounds.part);
	const chunks: Uint8Array[] = [];
	for (let left = reader.uvarint(bounds.chunks); left > 0; left--)
		chunks.push(reader.raw(hashSize));
	const lines = reader.str(bounds.lines);
	const gap = (flags & flag.gap) !== 0;
	if (gap !== (length === 0) || !fits(length, chunks.length))
		throw new Malformed(`${chunks.length} chunks in ${length} bytes`);
	return {
		rendition,
		number,
		msn,
		index,
		start,
		duration,
		programTime,
		discontinuity,
		independent: (flags & flag.independent) !== 0,
		gap,
		segmentEnd: (flags & flag.segmentEnd) !== 0,
		...((flags & flag.still) !== 0 ? { still: true } : {}),
		init,
		length,
		chunks,
		lines,
	};
}

/** Writes the body of a batch: the inverse of decodeHeads. */
export function encodeHeads(heads: readonly Head[]): Uint8Array<ArrayBuffer> {
	const writer = new Writer().uvarint(heads.length);
	for (const head of heads) writer.bytes(encodeHead(head));
	return writer.finish();
}

function encodeHead(head: Head): Uint8Array {
	const writer = new Writer();
	for (const value of [head.rendition, head.number, head.msn, head.index]) writer.uvarint(value);
	for (const value of [head.start, head.duration, head.programTime, head.discontinuity])
		writer.uvarint(value);
	writer.u8(
		(head.independent ? flag.independent : 0) |
			(head.gap ? flag.gap : 0) |
			(head.segmentEnd ? flag.segmentEnd : 0) |
			(head.still ? flag.still : 0),
	);
	writer.uvarint(head.init).uvarint(head.length).uvarint(head.chunks.length);
	for (const hash of head.chunks) writer.raw(hash);
	return writer.str(head.lines).finish();
}
