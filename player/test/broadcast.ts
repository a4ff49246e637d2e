// A broadcast for tests: heads and parts as a publisher would make them, signed.
import { getPublicKey, hashes, sign } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";
import { sha256 } from "../src/crypto.ts";
import { chunkRange, hashSize } from "../src/wire/chunks.ts";
import { Writer } from "../src/wire/codec.ts";
import { encodeHeads, type Head } from "../src/wire/heads.ts";
import { encodeManifest, encodeSigned, kind, type Manifest } from "../src/wire/manifest.ts";
import { content } from "./content.ts";

hashes.sha512 = sha512;

export const identityKey = new Uint8Array(32).fill(1);
const broadcastKey = new Uint8Array(32).fill(2);
const context = (name: string) => new TextEncoder().encode(`liverelay/1 ${name}\0`);

/** Wall clock at the broadcast's begin. */
export const started = 1_700_000_000_000;
export const stream = "demo";
export const epoch = "abcdefghijklmnop";
/** Microseconds. */
const partDuration = 250_000;
const partsInSegment = 8;

const rendition = {
	...{ width: 0, height: 0, millifps: 0, sampleRate: 0, channels: 0 },
	inits: [sha256(content(9, 0, 100))],
};

export function manifest(changes: Partial<Manifest> = {}): Manifest {
	return {
		stream,
		epoch,
		identity: getPublicKey(identityKey),
		broadcast: getPublicKey(broadcastKey),
		notAfter: started + 86_400_000,
		certificate: new Uint8Array(64),
		serial: 1,
		issued: started,
		started,
		ended: 0,
		partTarget: partDuration,
		partHoldBack: 3 * partDuration,
		targetDuration: 2_000_000,
		renditions: [
			{
				...rendition,
				...{ name: "source", kind: kind.video, codecs: "avc1.64001e" },
				...{ bandwidth: 900_000, averageBandwidth: 500_000 },
				...{ width: 640, height: 360, millifps: 30_000 },
			},
			{
				...rendition,
				...{ name: "audio", kind: kind.audio, codecs: "mp4a.40.2" },
				...{ bandwidth: 72_000, averageBandwidth: 64_000, sampleRate: 48_000, channels: 2 },
			},
		],
		...changes,
	};
}

/** The payload of a manifest, certified and signed. */
export function signedManifest(fields: Manifest): Uint8Array<ArrayBuffer> {
	const certified = new Writer().raw(context("certificate")).str(fields.stream).str(fields.epoch);
	certified.raw(fields.broadcast).u64(fields.notAfter);
	const certificate = sign(certified.finish(), identityKey);
	const body = encodeManifest({ ...fields, certificate });
	return encodeSigned({ body, signature: signed("manifest", body) });
}

function signed(name: string, body: Uint8Array, prefix: string[] = []): Uint8Array {
	const writer = new Writer().raw(context(name));
	for (const text of prefix) writer.str(text);
	return sign(writer.raw(body).finish(), broadcastKey);
}

/** The payload of a batch. */
export function signedHeads(heads: Head[]): Uint8Array<ArrayBuffer> {
	const body = encodeHeads(heads);
	return encodeSigned({ body, signature: signed("heads", body, [stream, epoch]) });
}

export const partBytes = (index: number, number: number) => content(index, number, 3000);

/** Part `number`; a keyframe begins each segment, and each fourth part besides. */
export function head(index: number, number: number, changes: Partial<Head> = {}): Head {
	const bytes = partBytes(index, number);
	const { end } = chunkRange(bytes.length, 1, 0);
	return {
		rendition: index,
		number,
		msn: Math.floor(number / partsInSegment),
		index: number % partsInSegment,
		start: number * partDuration,
		duration: partDuration,
		programTime: started + (number * partDuration) / 1000,
		discontinuity: 0,
		independent: index === 1 || number % 4 === 0,
		gap: false,
		segmentEnd: number % partsInSegment === partsInSegment - 1,
		init: 0,
		length: bytes.length,
		chunks: [sha256(bytes.subarray(0, end)).subarray(0, hashSize)],
		lines: "",
		...changes,
	};
}

/** Parts from number a up to b. */
export function heads(index: number, a: number, b: number): Head[] {
	return Array.from({ length: b - a + 1 }, (_, i) => head(index, a + i));
}

/** A frame of a feed. */
export function frame(type: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
	return new Writer().u8(type).bytes(payload).finish();
}
