// Messages between peers (docs/protocol.md §6): a type and its fields.
import { allStripes, decodeBitmap, encodeBitmap } from "./chunks.ts";
import { bounds, Malformed, Reader, Writer } from "./codec.ts";
import { decodeSigned } from "./manifest.ts";

export const type = {
	hello: 1,
	manifest: 2,
	heads: 3,
	request: 5,
	data: 6,
	cancel: 7,
	absent: 8,
	bye: 9,
	interest: 10,
	subscribe: 16,
	refuse: 17,
	/** Of a feed alone. */
	init: 18,
} as const;

/** Whether what such a message says stands for itself, so that it may overtake others (§6). */
export function mayOvertake(first: number | undefined): boolean {
	return first === type.heads || first === type.data || first === type.absent;
}

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

/** Stripes of a rendition: the bit of value 2^s is stripe s. */
export interface Stripes {
	rendition: number;
	stripes: number;
}

export interface Subscription extends Stripes {
	/** Those of them that the sender passes on to others. */
	feeds: number;
}

/** All that the sender wants to be pushed, by rendition in ascending order. */
export interface Subscribe {
	type: "subscribe";
	wishes: Subscription[];
}

export interface Refuse extends Stripes {
	type: "refuse";
}

/** An init segment as a feed brings it (docs/protocol.md §5). */
export interface InitSegment extends PartName {
	bytes: Uint8Array;
}

/** A manifest or a batch of heads, still to be verified. */
export interface SignedMessage {
	type: "manifest" | "heads";
	payload: Uint8Array;
}

export type Message = Hello | SignedMessage | Wish | Data | Bye | Interest | Subscribe | Refuse;

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
		case type.subscribe:
			return decodeSubscribe(reader);
		case type.refuse:
			return { type: "refuse", ...decodeStripes(reader) };
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

function decodeStripes(reader: Reader): Stripes {
	const rendition = reader.uvarint(bounds.renditions - 1);
	const stripes = reader.uvarint(allStripes);
	if (stripes === 0) throw new Malformed("no stripes");
	return { rendition, stripes };
}

function decodeSubscribe(reader: Reader): Subscribe {
	const count = reader.uvarint(bounds.wishes);
	const wishes: Subscription[] = [];
	for (let i = 0; i < count; i++) {
		const wish = { ...decodeStripes(reader), feeds: reader.uvarint(allStripes) };
		if ((wish.feeds & ~wish.stripes) !== 0) throw new Malformed("passed on, but not asked for");
		const before = wishes.at(-1);
		if (before && wish.rendition <= before.rendition) throw new Malformed("not ascending");
		wishes.push(wish);
	}
	return { type: "subscribe", wishes };
}

/** Reads the payload of a feed's frame of type data. */
export function decodeFeedData(payload: Uint8Array): Data {
	return decodeData(new Reader(payload));
}

/** Reads the payload of a feed's frame of type init. */
export function decodeInit(payload: Uint8Array): InitSegment {
	const reader = new Reader(payload);
	const rendition = reader.uvarint(bounds.renditions - 1);
	const number = reader.uvarint(bounds.inits - 1);
	const bytes = reader.rest();
	if (bytes.length === 0) throw new Malformed("an init segment without bytes");
	return { rendition, number, bytes };
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
		case "subscribe":
			writer.uvarint(message.wishes.length);
			for (const { rendition, stripes, feeds } of message.wishes)
				writer.uvarint(rendition).uvarint(stripes).uvarint(feeds);
			break;
		case "refuse":
			writer.uvarint(message.rendition).uvarint(message.stripes);
			break;
		default:
			writer.uvarint(message.rendition).uvarint(message.number);
			writer.bytes(encodeBitmap(message.chunks ?? []));
	}
	return writer.finish();
}
