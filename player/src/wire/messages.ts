// Messages between peers (docs/protocol.md §6): a type and its fields.
import { decodeBitmap, encodeBitmap } from "./chunks.ts";
import { bounds, Malformed, Reader, Writer } from "./codec.ts";
import { decodeSigned } from "./manifest.ts";

export const type = {
	hello: 1,
	manifest: 2,
	heads: 3,
	have: 4,
	request: 5,
	data: 6,
	cancel: 7,
	absent: 8,
	bye: 9,
	interest: 10,
} as const;

/** Why a connection ends (docs/protocol.md §6, bye). */
export const bye = {
	leaving: 0,
	malformed: 1,
	other: 2,
	wrongBytes: 3,
	unasked: 4,
	flood: 5,
	idle: 6,
	told: 7,
} as const;

export interface Hello {
	type: "hello";
	version: number;
	stream: string;
	epoch: string;
	features: number;
	agent: string;
}

/** A part, named by rendition and number. */
export interface PartName {
	rendition: number;
	number: number;
}

export interface Have {
	type: "have";
	parts: PartName[];
}

/** `chunks` is null for all chunks of the part. */
export interface Wish extends PartName {
	type: "request" | "cancel" | "absent";
	chunks: number[] | null;
}

export interface Data extends PartName {
	type: "data";
	chunk: number;
	bytes: Uint8Array;
}

export interface Bye {
	type: "bye";
	code: number;
	reason: string;
}

export interface Interest {
	type: "interest";
	renditions: number[];
}

/** A manifest or a batch of heads, still to be verified. */
export interface SignedMessage {
	type: "manifest" | "heads";
	payload: Uint8Array;
}

export type Message = Hello | SignedMessage | Have | Wish | Data | Bye | Interest;

/** Reads a message; throws Malformed for anything that is not one. */
export function decodeMessage(bytes: Uint8Array): Message {
	if (bytes.length > bounds.message) throw new Malformed(`message of ${bytes.length} bytes`);
	const reader = new Reader(bytes);
	const message = decodeFields(reader.u8(), reader);
	reader.end();
	return message;
}

function decodeFields(code: number, reader: Reader): Message {
	switch (code) {
		case type.hello:
			return decodeHello(reader);
		case type.manifest:
			return { type: "manifest", payload: decodePayload(reader) };
		case type.heads:
			return { type: "heads", payload: decodePayload(reader) };
		case type.have:
			return decodeHave(reader);
		case type.request:
			return decodeWish("request", reader);
		case type.cancel:
			return decodeWish("cancel", reader);
		case type.absent:
			return decodeWish("absent", reader);
		case type.data:
			return decodeData(reader);
		case type.bye:
			return { type: "bye", code: reader.uvarint(), reason: reader.str() };
		case type.interest:
			return decodeInterest(reader);
		default:
			throw new Malformed(`type ${code}`);
	}
}

function decodePayload(reader: Reader): Uint8Array {
	const payload = reader.rest();
	decodeSigned(payload);
	return payload;
}

function decodeHello(reader: Reader): Hello {
	return {
		type: "hello",
		version: reader.uvarint(),
		stream: reader.str(),
		epoch: reader.str(),
		features: reader.uvarint(),
		agent: reader.str(),
	};
}

function decodePart(reader: Reader): PartName {
	return { rendition: reader.uvarint(bounds.renditions - 1), number: reader.uvarint() };
}

function decodeHave(reader: Reader): Have {
	const count = reader.uvarint(bounds.have);
	if (count === 0) throw new Malformed("have without parts");
	const parts: PartName[] = [];
	for (let i = 0; i < count; i++) parts.push(decodePart(reader));
	return { type: "have", parts };
}

function decodeWish(what: Wish["type"], reader: Reader): Wish {
	return { type: what, ...decodePart(reader), chunks: decodeBitmap(reader.bytes(bounds.bitmap)) };
}

function decodeData(reader: Reader): Data {
	const part = decodePart(reader);
	const chunk = reader.uvarint(bounds.chunks - 1);
	const bytes = reader.rest();
	if (bytes.length === 0 || bytes.length > bounds.chunk)
		throw new Malformed(`chunk of ${bytes.length} bytes`);
	return { type: "data", ...part, chunk, bytes };
}

function decodeInterest(reader: Reader): Interest {
	const bitmap = reader.uvarint(2 ** bounds.renditions - 1);
	const renditions: number[] = [];
	for (let r = 0; r < bounds.renditions; r++) {
		if (Math.floor(bitmap / 2 ** r) % 2 === 1) renditions.push(r);
	}
	return { type: "interest", renditions };
}

/** Writes a message: the inverse of decodeMessage. */
export function encodeMessage(message: Message): Uint8Array<ArrayBuffer> {
	const writer = new Writer().u8(type[message.type]);
	switch (message.type) {
		case "hello":
			writer.uvarint(message.version).str(message.stream).str(message.epoch);
			writer.uvarint(message.features).str(message.agent);
			break;
		case "manifest":
		case "heads":
			writer.raw(message.payload);
			break;
		case "have":
			writer.uvarint(message.parts.length);
			for (const part of message.parts) writer.uvarint(part.rendition).uvarint(part.number);
			break;
		case "data":
			writer.uvarint(message.rendition).uvarint(message.number);
			writer.uvarint(message.chunk).raw(message.bytes);
			break;
		case "bye":
			writer.uvarint(message.code).str(message.reason);
			break;
		case "interest":
			writer.uvarint(message.renditions.reduce((bitmap, r) => bitmap + 2 ** r, 0));
			break;
		default:
			writer.uvarint(message.rendition).uvarint(message.number);
			writer.bytes(encodeBitmap(message.chunks ?? []));
	}
	return writer.finish();
}
