// Messages in the form of testdata/vectors: no zeros, bytes in hexadecimal.
import { decodeBitmap, encodeBitmap } from "../src/wire/chunks.ts";
import type { Message, Subscription } from "../src/wire/messages.ts";
import { hex, toHex } from "./vectors.ts";

export type Plain = Record<string, unknown>;

export function plain(message: Message): Plain {
	const fields: Plain = {};
	for (const [name, value] of Object.entries(message)) {
		if (value instanceof Uint8Array) fields[name] = toHex(value);
		else if (name === "chunks") fields[name] = toHex(encodeBitmap(value ?? []));
		else if (name === "wishes") {
			if (value.length > 0)
				fields[name] = value.map((w: Subscription) => [w.rendition, w.stripes, w.feeds]);
		} else if (name === "renditions")
			fields[name] = value.reduce((sum: number, r: number) => sum + 2 ** r, 0);
		else fields[name] = value;
	}
	return Object.fromEntries(
		Object.entries(fields).filter(([, value]) => value !== 0 && value !== ""),
	);
}

/** The inverse of plain. */
export function message(fields: Plain): Message {
	const number = (name: string) => Number(fields[name] ?? 0);
	const text = (name: string) => String(fields[name] ?? "");
	const part = { rendition: number("rendition"), number: number("number") };
	const type = text("type");
	switch (type) {
		case "hello":
			return {
				type,
				version: number("version"),
				stream: text("stream"),
				epoch: text("epoch"),
				features: number("features"),
				agent: text("agent"),
			};
		case "manifest":
		case "heads":
			return { type, payload: hex(text("payload")) };
		case "subscribe":
			return {
				type,
				wishes: ((fields.wishes ?? []) as [number, number, number][]).map(
					([rendition, stripes, feeds]) => ({ rendition, stripes, feeds }),
				),
			};
		case "refuse":
			return { type, rendition: part.rendition, stripes: number("stripes") };
		case "data":
			return { type, ...part, chunk: number("chunk"), bytes: hex(text("bytes")) };
		case "bye":
			return { type, code: number("code"), reason: text("reason") };
		case "interest":
			return {
				type,
				renditions: Array.from({ length: 32 }, (_, r) => r).filter(
					(r) => Math.floor(number("renditions") / 2 ** r) % 2 === 1,
				),
			};
		case "request":
		case "cancel":
		case "absent":
			return { type, ...part, chunks: decodeBitmap(hex(text("chunks"))) };
		default:
			throw new Error(`no message of type ${type}`);
	}
}
