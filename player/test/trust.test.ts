import { afterEach, describe, expect, it, vi } from "vitest";
import { sha256, verifier } from "../src/crypto.ts";
import { Trust, Untrusted } from "../src/trust.ts";
import { chunkRange, chunkSize, fits, hashSize, stripeOf } from "../src/wire/chunks.ts";
import { Malformed } from "../src/wire/codec.ts";
import { content } from "./content.ts";
import { hex, toHex, vectors } from "./vectors.ts";

interface Step {
	name: string;
	kind: "manifest" | "heads";
	now: number;
	payload: string;
	result: string;
}

interface Case {
	name: string;
	stream: string;
	epoch: string;
	identity: string;
	steps: Step[];
}

async function outcome(trust: Trust, step: Step): Promise<string> {
	try {
		if (step.kind === "heads") await trust.acceptHeads(hex(step.payload));
		else if (!(await trust.acceptManifest(hex(step.payload)))) return "stale";
		return "ok";
	} catch (error) {
		if (error instanceof Untrusted) return error.doubt;
		if (error instanceof Malformed) return "malformed";
		throw error;
	}
}

afterEach(() => vi.unstubAllGlobals());

describe.each(["WebCrypto", "the library"])("signatures by %s", (backend) => {
	it.each(vectors("signatures.json").cases as Case[])("$name", async (vector) => {
		if (backend === "the library") vi.stubGlobal("crypto", undefined);
		let now = 0;
		const trust = new Trust({
			stream: vector.stream,
			epoch: vector.epoch ?? "",
			identity: vector.identity ? hex(vector.identity) : null,
			verify: verifier(),
			now: () => now,
		});
		for (const step of vector.steps) {
			now = step.now;
			expect([step.name, await outcome(trust, step)]).toEqual([step.name, step.result]);
		}
	});
	it("refuses keys and signatures of a wrong form", async () => {
		if (backend === "the library") vi.stubGlobal("crypto", undefined);
		const verify = verifier();
		expect(await verify(new Uint8Array(3), new Uint8Array(1), new Uint8Array(64))).toBe(false);
		expect(await verify(new Uint8Array(32), new Uint8Array(1), new Uint8Array(5))).toBe(false);
	});
});

describe("chunks", () => {
	const file = vectors("chunks.json");
	it.each(file.fits as { length: number; chunks: number; ok: boolean }[])(
		"$chunks in $length bytes",
		(vector) => {
			expect(fits(vector.length, vector.chunks)).toBe(vector.ok);
		},
	);
	it.each(file.parts as { length: number; chunks: number; size: number; last: number }[])(
		"a part of $length bytes",
		({ length, chunks, size, last }) => {
			expect(fits(length, chunks)).toBe(true);
			expect(chunkSize(length, chunks)).toBe(size);
			const range = chunkRange(length, chunks, Math.max(0, chunks - 1));
			expect(range.end - range.start).toBe(last);
		},
	);
	it.each(file.stripes as { number: number; chunk: number; chunks: number; stripe: number }[])(
		"the stripe of chunk $chunk of $chunks of part $number",
		({ number, chunk, chunks, stripe }) => {
			expect(stripeOf(number, chunk, chunks)).toBe(stripe);
		},
	);
	it.each(file.hashes as { rendition: number; number: number; length: number; hashes: string[] }[])(
		"hashes of part $number",
		({ rendition, number, length, hashes }) => {
			const bytes = content(rendition, number, length);
			const own = hashes.map((_, i) => {
				const { start, end } = chunkRange(length, hashes.length, i);
				return toHex(sha256(bytes.subarray(start, end)).subarray(0, hashSize));
			});
			expect(own).toEqual(hashes);
		},
	);
});
