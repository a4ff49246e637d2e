// Runs the traces of testdata/vectors: the same events must cause the same actions
// as in the Go implementation.
import { describe, expect, it } from "vitest";
import { sha256 } from "../src/crypto.ts";
import { Core } from "../src/peer/core.ts";
import { score } from "../src/peer/score.ts";
import type { Action, Event } from "../src/peer/types.ts";
import { chunkRange, hashSize } from "../src/wire/chunks.ts";
import { encodeHeads, type Head } from "../src/wire/heads.ts";
import { encodeSigned } from "../src/wire/manifest.ts";
import { decodeMessage, encodeMessage, type PartName } from "../src/wire/messages.ts";
import { content } from "./content.ts";
import { message, type Plain, plain } from "./plain.ts";
import { hex, toHex, vectorFiles, vectors } from "./vectors.ts";

interface Trace {
	about: string;
	config: { id: string; stream: string; epoch: string; agent: string; upload?: number };
	parts: { rendition?: number; number?: number; length?: number }[] | null;
	events: TraceEvent[];
	stats: { p2pBytes?: number; uploadedBytes?: number; rejectedChunks?: number };
}

interface TraceEvent {
	at: number;
	event: Event["type"];
	repeat?: number;
	peer?: string;
	message?: Plain;
	hex?: string;
	renditions?: number[];
	heads?: [number, number][];
	rendition?: number;
	number?: number;
	bytes?: string;
	gone?: boolean;
	ms?: number;
	code?: number;
	serial?: number;
	stripes?: [string, string][];
	chunk?: number;
	count?: number;
	length?: number;
	retryAfter?: number;
	expect: Plain[] | null;
}

/** How many chunks a publisher cuts a part in (docs/protocol.md §4). */
function count(length: number): number {
	if (length < 2560) return length === 0 ? 0 : 1;
	let chunks = 6;
	while (Math.ceil(length / chunks) > 16_384) chunks += 6;
	return chunks;
}

class Player {
	readonly #core: Core;
	readonly #lengths = new Map<string, number>();
	/** The last batch that came. */
	#batch: { payload: Uint8Array; heads: [number, number][] } | null = null;

	constructor(trace: Trace) {
		const { id, stream, epoch, agent, upload = 0 } = trace.config;
		this.#core = new Core({ id, stream, epoch, agent, upload });
		for (const { rendition = 0, number = 0, length = 0 } of trace.parts ?? [])
			this.#lengths.set(`${rendition}/${number}`, length);
	}

	get stats() {
		const { received, sent, rejectedChunks } = this.#core;
		return { p2pBytes: received, uploadedBytes: sent, rejectedChunks };
	}

	lend(upload: number): void {
		this.#core.lend(upload);
	}

	play(event: TraceEvent): Plain[] {
		const actions: Plain[] = [];
		for (let i = 0; i < (event.repeat ?? 1); i++)
			actions.push(...this.#core.handle(this.#event(event), event.at).map((a) => this.#plain(a)));
		return actions;
	}

	#content({ rendition, number }: PartName): Uint8Array<ArrayBuffer> {
		const length = this.#lengths.get(`${rendition}/${number}`);
		if (length === undefined) throw new Error(`part ${rendition}/${number} is not in the table`);
		return content(rendition, number, length);
	}

	#chunk(part: PartName, chunk: number): Uint8Array {
		const bytes = this.#content(part);
		const { start, end } = chunkRange(bytes.length, count(bytes.length), chunk);
		return bytes.subarray(start, end);
	}

	#head([rendition, number]: [number, number]): Head {
		const bytes = this.#content({ rendition, number });
		const chunks = Array.from({ length: count(bytes.length) }, (_, i) =>
			sha256(this.#chunk({ rendition, number }, i)).subarray(0, hashSize),
		);
		return {
			...{ rendition, number, msn: 0, index: 0, programTime: 0 },
			...{ start: number * 250_000, duration: 250_000 },
			...{ discontinuity: 0, independent: false, segmentEnd: false, init: 0, lines: "" },
			gap: bytes.length === 0,
			length: bytes.length,
			chunks,
		};
	}

	#event(event: TraceEvent): Event {
		const { event: type, peer = "", rendition = 0, number = 0 } = event;
		switch (type) {
			case "follow":
				return { type, renditions: event.renditions ?? [] };
			case "peerOpen":
			case "peerClose":
			case "gone":
				return { type, peer };
			case "message":
				return { type, peer, bytes: this.#message(event) };
			case "heads": {
				const heads = (event.heads ?? []).map((name) => this.#head(name));
				this.#batch = { payload: this.#payload(heads), heads: event.heads ?? [] };
				const { payload } = this.#batch;
				return event.peer ? { type, heads, payload, peer } : { type, heads, payload };
			}
			case "plan": {
				const sources = (event.stripes ?? []).map(([parent, standby]) => ({ parent, standby }));
				const { serial = 0, renditions = [] } = event;
				return { type, serial, renditions, stripes: sources };
			}
			case "feedData": {
				const { chunk = 0 } = event;
				const own = () => this.#chunk({ rendition, number }, chunk);
				const bytes = event.bytes === undefined ? own() : hex(event.bytes);
				return { type, rendition, number, chunk, bytes };
			}
			case "feedLost":
				return { type, retryAfter: event.retryAfter ?? 0 };
			case "fetched":
				return { type, rendition, number, bytes: this.#fetched(event, { rendition, number }) };
			case "fetchFailed": {
				const { gone = false, retryAfter = 0 } = event;
				return { type, rendition, number, gone, retryAfter };
			}
			case "demand":
			case "release":
				return { type, rendition, number };
			case "identify":
				return { type, peer };
			case "accuse":
				return { type, peer, code: event.code ?? 0, reason: "" };
			case "playhead":
				return { type, ms: event.ms ?? 0 };
			case "pressure":
				return { type, peer, bytes: event.length ?? 0 };
			default:
				return { type: "tick" };
		}
	}

	/** Any payload will do, as long as it is passed on unchanged. */
	#payload(heads: Head[]): Uint8Array {
		return encodeSigned({ body: encodeHeads(heads), signature: new Uint8Array(64) });
	}

	#fetched({ bytes, chunk = 0, count: chunks = 0 }: TraceEvent, part: PartName): Uint8Array {
		if (bytes !== undefined) return hex(bytes);
		const all = this.#content(part);
		const of = count(all.length);
		const { start } = chunkRange(all.length, of, chunk);
		return all.subarray(start, chunkRange(all.length, of, chunk + chunks - 1).end);
	}

	#message(event: TraceEvent): Uint8Array<ArrayBuffer> {
		if (event.hex !== undefined || !event.message) return hex(event.hex ?? "");
		const fields = message(event.message);
		if (fields.type === "data" && event.message.bytes === undefined)
			fields.bytes = this.#chunk(fields, fields.chunk);
		return encodeMessage(fields);
	}

	/** An action in the form of the vectors; bytes are compared with the table. */
	#plain(action: Action): Plain {
		const { type: name, ...fields } = action;
		const result: Plain = { action: name, ...fields };
		delete result.bytes;
		delete result.reason;
		if (action.type === "send") {
			const sent = decodeMessage(action.bytes);
			if (sent.type === "data") {
				expect(toHex(sent.bytes)).toBe(toHex(this.#chunk(sent, sent.chunk)));
				result.message = plain({ ...sent, bytes: new Uint8Array(0) });
			} else if (sent.type === "heads") {
				expect(toHex(sent.payload)).toBe(toHex(this.#batch!.payload));
				result.message = { type: "heads" };
				result.heads = this.#batch!.heads;
			} else result.message = plain(sent);
		}
		if (action.type === "part") {
			expect(toHex(action.bytes)).toBe(toHex(this.#content(action)));
			result.length = action.bytes.length;
		}
		if (action.type === "feed" && action.want.length === 0) delete result.want;
		return withoutZeros(result);
	}
}

const withoutZeros = (fields: object): Plain =>
	Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== 0 && value !== false));

/** Actions by the peer they are for: only their order matters. */
function byPeer(actions: Plain[]): Record<string, Plain[]> {
	const groups: Record<string, Plain[]> = {};
	for (const action of actions) {
		const group = String(action.peer ?? "");
		groups[group] = [...(groups[group] ?? []), action];
	}
	const order = (action: Plain) => JSON.stringify(Object.entries(action).sort());
	groups[""]?.sort((a, b) => order(a).localeCompare(order(b)));
	return groups;
}

describe("traces", () => {
	it.each(vectorFiles("peer-"))("%s", (file) => {
		const trace = vectors(file) as Trace;
		const player = new Player(trace);
		for (const [i, event] of trace.events.entries()) {
			const { expect: wanted, ...given } = event;
			const actions = player.play(event);
			expect({ i, given, ...byPeer(actions) }).toEqual({ i, given, ...byPeer(wanted ?? []) });
		}
		expect(player.stats).toEqual({
			p2pBytes: 0,
			uploadedBytes: 0,
			rejectedChunks: 0,
			...trace.stats,
		});
	});
});

describe("who lends nothing any more", () => {
	/** Bytes that are sent over a whole trace; from its event `at` on, nothing is lent. */
	function uploaded(file: string, at: number): { before: number; after: number } {
		const trace = vectors(file) as Trace;
		const player = new Player(trace);
		let before = 0;
		for (const [i, event] of trace.events.entries()) {
			if (i === at) {
				before = player.stats.uploadedBytes;
				player.lend(-1);
			}
			player.play(event);
		}
		return { before, after: player.stats.uploadedBytes };
	}

	it.each(["peer-requests.json", "peer-budget.json"])("answers no request: %s", (file) => {
		const trace = vectors(file) as Trace;
		const all = uploaded(file, trace.events.length).after;
		const sends = trace.events.findIndex(({ expect: wanted }) =>
			wanted?.some(({ message }) => (message as Plain | undefined)?.type === "data"),
		);
		const { before, after } = uploaded(file, sends + 1);
		expect(before).toBeGreaterThan(0);
		expect(all).toBeGreaterThan(before);
		expect(after).toBe(before);
	});
});

describe("scores", () => {
	it.each(vectors("scores.json").scores as (PartName & { peer: string; score: string })[])(
		"$peer $rendition/$number",
		({ peer, score: wanted, ...part }) => {
			expect(score(peer, part).toString(16).padStart(16, "0")).toBe(wanted);
		},
	);
});
