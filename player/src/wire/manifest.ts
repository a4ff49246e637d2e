// The manifest (docs/protocol.md §3): the signed description of a broadcast.
import { bounds, Malformed, Reader, Writer } from "./codec.ts";

export const kind = { video: 1, audio: 2 } as const;

export interface Rendition {
	name: string;
	/** 1 is video, 2 audio. */
	kind: number;
	/** CODECS attribute (RFC 6381). */
	codecs: string;
	/** Peak and mean rate in bit/s. */
	bandwidth: number;
	averageBandwidth: number;
	width: number;
	height: number;
	/** Frames per second, times 1,000. */
	millifps: number;
	sampleRate: number;
	channels: number;
	/** SHA-256 of each init segment. */
	inits: Uint8Array[];
	/**
	 * How the media is packed: left out as MP4 whose decode times are the broadcast's
	 * timeline; 1 MP4, 2 MPEG-TS, 3 packed audio of an attached stream, with any times.
	 */
	container?: number;
}

export interface Manifest {
	stream: string;
	epoch: string;
	identity: Uint8Array;
	broadcast: Uint8Array;
	/** Times in milliseconds since 1970; `ended` is 0 while live. */
	notAfter: number;
	certificate: Uint8Array;
	serial: number;
	issued: number;
	started: number;
	ended: number;
	/** Durations in microseconds. */
	partTarget: number;
	partHoldBack: number;
	targetDuration: number;
	renditions: Rendition[];
}

export const keySize = 32;
export const signatureSize = 64;

/** A body and the signature behind it: the form of manifests and batches. */
export interface Signed {
	body: Uint8Array;
	signature: Uint8Array;
}

/** Splits the payload of a manifest or of a batch; nothing may follow. */
export function decodeSigned(payload: Uint8Array): Signed {
	const reader = new Reader(payload);
	const body = reader.bytes(bounds.message);
	const signature = reader.raw(signatureSize);
	reader.end();
	return { body, signature };
}

export function encodeSigned(signed: Signed): Uint8Array<ArrayBuffer> {
	return new Writer().bytes(signed.body).raw(signed.signature).finish();
}

export function decodeManifest(body: Uint8Array): Manifest {
	const reader = new Reader(body);
	const version = reader.u8();
	if (version !== 1) throw new Malformed(`version ${version}`);
	return {
		stream: reader.str(),
		epoch: reader.str(),
		identity: reader.raw(keySize),
		broadcast: reader.raw(keySize),
		notAfter: reader.u64(),
		certificate: reader.raw(signatureSize),
		serial: reader.uvarint(),
		issued: reader.u64(),
		started: reader.u64(),
		ended: reader.u64(),
		partTarget: reader.uvarint(),
		partHoldBack: reader.uvarint(),
		targetDuration: reader.uvarint(),
		renditions: decodeRenditions(reader),
	};
}

function decodeRenditions(reader: Reader): Rendition[] {
	const renditions: Rendition[] = [];
	for (let left = reader.uvarint(bounds.renditions); left > 0; left--)
		renditions.push(decodeRendition(reader.record()));
	return renditions;
}

function decodeRendition(reader: Reader): Rendition {
	const name = reader.str();
	const what = reader.u8();
	if (what !== kind.video && what !== kind.audio) throw new Malformed(`kind ${what}`);
	const rendition: Rendition = {
		name,
		kind: what,
		codecs: reader.str(),
		bandwidth: reader.uvarint(),
		averageBandwidth: reader.uvarint(),
		width: reader.uvarint(),
		height: reader.uvarint(),
		millifps: reader.uvarint(),
		sampleRate: reader.uvarint(),
		channels: reader.uvarint(),
		inits: [],
	};
	for (let left = reader.uvarint(bounds.inits); left > 0; left--)
		rendition.inits.push(reader.raw(keySize));
	if (reader.left > 0) rendition.container = reader.u8();
	return rendition;
}

/** Writes a manifest's body: the inverse of decodeManifest. */
export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
	const writer = new Writer().u8(1).str(manifest.stream).str(manifest.epoch);
	writer.raw(manifest.identity).raw(manifest.broadcast);
	writer.u64(manifest.notAfter).raw(manifest.certificate).uvarint(manifest.serial);
	writer.u64(manifest.issued).u64(manifest.started).u64(manifest.ended);
	writer.uvarint(manifest.partTarget).uvarint(manifest.partHoldBack);
	writer.uvarint(manifest.targetDuration).uvarint(manifest.renditions.length);
	for (const rendition of manifest.renditions) writer.bytes(encodeRendition(rendition));
	return writer.finish();
}

function encodeRendition(rendition: Rendition): Uint8Array {
	const writer = new Writer().str(rendition.name).u8(rendition.kind).str(rendition.codecs);
	writer.uvarint(rendition.bandwidth).uvarint(rendition.averageBandwidth);
	writer.uvarint(rendition.width).uvarint(rendition.height).uvarint(rendition.millifps);
	writer.uvarint(rendition.sampleRate).uvarint(rendition.channels);
	writer.uvarint(rendition.inits.length);
	for (const hash of rendition.inits) writer.raw(hash);
	if (rendition.container) writer.u8(rendition.container);
	return writer.finish();
}
