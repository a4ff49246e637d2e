import { describe, expect, it } from "vitest";
import { FrameReader, feedUrl } from "../src/net/feed.ts";
import { decodeBitmap, encodeBitmap } from "../src/wire/chunks.ts";
import { Malformed, Reader, Writer } from "../src/wire/codec.ts";
import { decodeHeads, encodeHeads, type Head } from "../src/wire/heads.ts";
import { decodeManifest, encodeManifest, type Manifest } from "../src/wire/manifest.ts";
import { decodeMessage, encodeMessage } from "../src/wire/messages.ts";
import { message as fromPlain, type Plain, plain } from "./plain.ts";
import { hex, toHex, vectors } from "./vectors.ts";

const file = vectors("wire.json");

describe("messages", () => {
	it.each(file.messages as { name: string; hex: string; message: Plain }[])("$name", (vector) => {
		const message = decodeMessage(hex(vector.hex));
		expect(plain(message)).toEqual(vector.message);
		expect(toHex(encodeMessage(message))).toBe(vector.hex);
		expect(toHex(encodeMessage(fromPlain(vector.message)))).toBe(vector.hex);
	});
	it.each(file.badMessages as { name: string; hex: string }[])("refuses: $name", (vector) => {
		expect(() => decodeMessage(hex(vector.hex))).toThrow(Malformed);
	});
});

describe("a feed's address", () => {
	const wanted = [{ name: "240p", stripes: 5, from: 7 }];
	it("says what is wanted, and whether that is a seed's", () => {
		const url = "/feed?r=240p&from=240p:7&stripes=240p:0.2";
		expect(feedUrl("/", wanted)).toBe(url);
		expect(feedUrl("/", wanted, true)).toBe(`${url}&seed=1`);
	});
});

describe("integers", () => {
	it.each(file.uvarints as { hex: string; value: number }[])("$value", (vector) => {
		const reader = new Reader(hex(vector.hex));
		expect(reader.uvarint()).toBe(vector.value);
		reader.end();
		expect(toHex(new Writer().uvarint(vector.value).finish())).toBe(vector.hex);
	});
	it.each(file.badUvarints as { name: string; hex: string }[])("refuses: $name", (vector) => {
		const most = vector.name.includes("bit 31") ? 2 ** 32 - 1 : undefined;
		expect(() => new Reader(hex(vector.hex)).uvarint(most)).toThrow(Malformed);
	});
	it("writes times that need more than 32 bits", () => {
		for (const value of [0, 1_700_000_000_123, Number.MAX_SAFE_INTEGER])
			expect(new Reader(new Writer().u64(value).finish()).u64()).toBe(value);
		expect(() => new Reader(hex("0020000000000000")).u64()).toThrow(Malformed);
	});
});

describe("batches", () => {
	it.each(file.batchBodies as { name: string; hex: string; heads: Head[]; exact: boolean }[])(
		"$name",
		(vector) => {
			const heads = decodeHeads(hex(vector.hex));
			expect(heads.map((head) => ({ ...head, chunks: head.chunks.map(toHex) }))).toEqual(
				vector.heads,
			);
			if (vector.exact) expect(toHex(encodeHeads(heads))).toBe(vector.hex);
		},
	);
	it.each(file.badBatchBodies as { name: string; hex: string }[])("refuses: $name", (vector) => {
		expect(() => decodeHeads(hex(vector.hex))).toThrow(Malformed);
	});
	it("refuses a rendition that the manifest has not", () => {
		expect(() => decodeHeads(hex(file.batchBodies[0].hex), 1)).toThrow(Malformed);
	});
});

/** A manifest in the form of the vectors. */
function plainManifest({ renditions, ...rest }: Manifest) {
	const texts = Object.entries(rest).map(([name, value]) => [
		name,
		value instanceof Uint8Array ? toHex(value) : value,
	]);
	return {
		...Object.fromEntries(texts),
		renditions: renditions.map(({ millifps, inits, ...fields }) => ({
			...fields,
			fps1000: millifps,
			inits: inits.map(toHex),
		})),
	};
}

describe("manifests", () => {
	it.each(file.manifestBodies as { name: string; hex: string; manifest: object; exact: boolean }[])(
		"$name",
		(vector) => {
			const manifest = decodeManifest(hex(vector.hex));
			expect(plainManifest(manifest)).toEqual(vector.manifest);
			if (vector.exact) expect(toHex(encodeManifest(manifest))).toBe(vector.hex);
		},
	);
	it.each(file.badManifestBodies as { name: string; hex: string }[])("refuses: $name", (vector) => {
		expect(() => decodeManifest(hex(vector.hex))).toThrow(Malformed);
	});
});

describe("feeds", () => {
	type Feed = { name: string; hex: string; frames: { type: number; payload: string }[] };
	it.each(file.feeds as Feed[])("$name, a byte at a time", (vector) => {
		const reader = new FrameReader();
		const frames = [...hex(vector.hex)].flatMap((byte) => reader.push(Uint8Array.of(byte)));
		reader.end();
		expect(frames.map((f) => ({ type: f.type, payload: toHex(f.payload) }))).toEqual(vector.frames);
		expect(new FrameReader().push(hex(vector.hex)).length).toBe(vector.frames.length);
	});
	it.each(file.badFeeds as { name: string; hex: string }[])("refuses: $name", (vector) => {
		expect(() => {
			const reader = new FrameReader();
			reader.push(hex(vector.hex));
			reader.end();
		}).toThrow(Malformed);
	});
});

describe("bitmaps", () => {
	it.each([
		[[0], "80"],
		[[7, 8], "0180"],
		[[0, 5, 11], "8410"],
	])("%j", (chunks, text) => {
		expect(toHex(encodeBitmap(chunks as number[]))).toBe(text);
		expect(decodeBitmap(hex(text as string))).toEqual(chunks);
	});
});
