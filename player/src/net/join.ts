// Joining (docs/protocol.md §7).
import { fromBase64 } from "../crypto.ts";

/** How a stream wants to be shared; a viewer's own wish may be stricter. */
export type Mode = "auto" | "ask" | "relays" | "none";

export interface Join {
	stream: string;
	title: string;
	state: "waiting" | "live" | "interrupted" | "ended";
	epoch: string;
	/** Absolute URLs: of the broadcast's folder, and of the tracker. */
	base: string;
	tracker: string;
	token: string;
	/** The newest manifest's payload, and the stream's identity key. */
	manifest: Uint8Array | null;
	publicKey: Uint8Array | null;
	iceServers: RTCIceServer[];
	/** Bits a second; 0 for unlimited. */
	p2p: { mode: Mode; maxUpload: number };
	/** The server's clock, in milliseconds since 1970. */
	now: number;
}

/** The stream does not exist, or its server does not answer as liverelay does. */
export class JoinError extends Error {
	/** HTTP status; 0 when there was no answer at all. */
	readonly status: number;

	constructor(status: number) {
		super(status === 0 ? "the server does not answer" : `the server answered ${status}`);
		this.status = status;
	}
}

/** Asks for `join` below `src`, the stream's address without a slash at its end. */
export async function join(src: string, query: string, signal: AbortSignal): Promise<Join> {
	const url = `${src}/join${query}`;
	const response = await fetch(url, { signal, cache: "no-store" }).catch((error) => {
		if (signal.aborted) throw error;
		throw new JoinError(0);
	});
	if (!response.ok) throw new JoinError(response.status);
	// Addresses are relative to that of the answer, without what the query asked.
	return parseJoin(await response.json(), response.url || url);
}

/** An answer, and when it was asked for and came, by the viewer's clock. */
export interface Told {
	joined: Join;
	sent: number;
	received: number;
}

/** A page older than this many milliseconds says nothing of now. */
const freshFor = 10_000;

/** What the server wrote into its page, as if `join` had been asked; null if it is of no use. */
export function toldByPage(text: string, src: string): Told | null {
	const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
	if (!text || !page || performance.now() > freshFor) return null;
	try {
		const joined = parseJoin(JSON.parse(text), `${src}/join`);
		if (joined.stream !== src.slice(src.lastIndexOf("/") + 1)) return null;
		const { timeOrigin } = performance;
		const [sent, received] = [page.requestStart, page.responseStart];
		return { joined, sent: timeOrigin + sent, received: timeOrigin + received };
	} catch {
		return null;
	}
}

export function parseJoin(answer: unknown, url: string): Join {
	const fields = object(answer);
	const p2p = object(fields.p2p);
	const state = text(fields.state);
	return {
		stream: text(fields.stream),
		title: text(fields.title),
		state: isState(state) ? state : "waiting",
		epoch: text(fields.epoch),
		base: resolve(text(fields.base), url),
		tracker: resolve(text(fields.tracker), url).replace(/^http/, "ws"),
		token: text(fields.token),
		manifest: fromBase64(text(fields.manifest)),
		publicKey: fields.publicKey ? fromBase64(text(fields.publicKey)) : null,
		iceServers: Array.isArray(fields.iceServers) ? fields.iceServers : [],
		p2p: {
			mode: isMode(p2p.mode) ? p2p.mode : "none",
			maxUpload: Number(p2p.maxUpload) || 0,
		},
		now: Number(fields.now) || 0,
	};
}

const isState = (value: string): value is Join["state"] =>
	value === "live" || value === "interrupted" || value === "ended";

export function isMode(value: unknown): value is Mode {
	return value === "auto" || value === "ask" || value === "relays" || value === "none";
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

const object = (value: unknown) =>
	(typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;

const resolve = (relative: string, base: string) => (relative ? new URL(relative, base).href : "");
