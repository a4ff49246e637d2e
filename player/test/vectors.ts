// Reads testdata/vectors, which both implementations of the protocol run.
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../testdata/vectors/", import.meta.url);

export const vectors = (name: string) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));

export const vectorFiles = (prefix: string) =>
	readdirSync(folder)
		.filter((name) => name.startsWith(prefix) && name.endsWith(".json"))
		.sort();

export const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

export const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
