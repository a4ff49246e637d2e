import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sha256 } from "../src/sha256.ts";
import { content } from "./content.ts";
import { toHex } from "./vectors.ts";

const expected = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("SHA-256", () => {
	it("of the standard's examples", () => {
		const of = (text: string) => toHex(sha256(new TextEncoder().encode(text)));
		expect(of("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
		expect(of("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	});
	it("of every length up to some blocks, wherever the bytes lie in their buffer", () => {
		for (let length = 0; length < 300; length++) {
			const bytes = content(length, 0, length + 3).subarray(3);
			expect(toHex(sha256(bytes)), `${length} bytes`).toBe(expected(bytes));
		}
	});
	it("of a megabyte", () => {
		const bytes = content(1, 2, 1 << 20);
		expect(toHex(sha256(bytes))).toBe(expected(bytes));
	});
});
