// The tracker (docs/protocol.md §8): who is connected to whom, and the letters that
// two peers exchange before they have a connection.
import type { Plan } from "../peer/types.ts";
import { stripes as stripeCount } from "../wire/chunks.ts";
import { bounds } from "../wire/codec.ts";

export type Signal =
	| { type: "offer" | "answer"; peer: string; sdp: string }
	| {
			type: "candidate";
			peer: string;
			candidate: string;
			sdpMid: string | null;
			sdpMLineIndex: number | null;
	  };

export interface Report {
	connected: string[];
	failed: string[];
	/** Since the last report: who brought nothing, and how many chunks late. */
	suspect: string[];
	late: Record<string, number>;
	httpBytes: number;
	p2pBytes: number;
	uploadedBytes: number;
}

export interface TrackerHandlers {
	/** The tracker gave this peer an id. */
	onWelcome(peer: string): void;
	onConnect(peer: string, role: "offer" | "answer"): void;
	onDisconnect(peer: string): void;
	/** A peer has left; a connection to it may go on. */
	onGone(peer: string): void;
	/** Who feeds this peer. */
	onPlan(plan: Plan): void;
	onSignal(signal: Signal): void;
	/** The server's clock, and the local times of the question and the answer. */
	onTime(server: number, sent: number, received: number): void;
}

/** Reads a plan; what is missing in it is the server's. */
function readPlan({ serial, renditions, stripes }: Record<string, unknown>): Plan {
	const list = Array.isArray(stripes) ? stripes : [];
	return {
		serial: Number(serial) || 0,
		renditions: (Array.isArray(renditions) ? renditions : []).filter(isRendition),
		stripes: Array.from({ length: stripeCount }, (_, s) => ({
			parent: String(list[s]?.parent ?? ""),
			standby: String(list[s]?.standby ?? ""),
		})),
	};
}

const isRendition = (value: unknown) =>
	Number.isInteger(value) && Number(value) >= 0 && Number(value) < bounds.renditions;

export interface TrackerOptions {
	url: string;
	stream: string;
	epoch: string;
	agent: string;
	/** The renditions that are taken now. */
	follow: () => readonly number[];
	/** Bits a second that are lent; 0 lends nothing, -1 is unknown. */
	upload: number;
	/** An admission token; called for each connection. */
	token: () => Promise<string>;
	report: () => Report;
	/** The local clock, in milliseconds since 1970. */
	now: () => number;
	handlers: TrackerHandlers;
}

const subprotocol = "liverelay.1";
const reportEvery = 10_000;
/** Milliseconds between two reports. */
const reportGap = 250;
/** Milliseconds, at most, before the next attempt: after the first failure half as long. */
const pause = { first: 1000, most: 6000 };

/** A connection to the tracker that comes back when it is lost. */
export class Tracker {
	readonly #options: TrackerOptions;
	/** Makes this viewer's id, and so the same with the next tracker. */
	#secret: unknown;
	/** The last plans as they came, by the rendition that leads. */
	readonly #plans = new Map<number, object>();
	#socket: WebSocket | null = null;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#reports: ReturnType<typeof setInterval> | undefined;
	#nextReport: ReturnType<typeof setTimeout> | undefined;
	#reportedAt = Number.NEGATIVE_INFINITY;
	#attempts = 0;
	#isStopped = false;

	constructor(options: TrackerOptions) {
		this.#options = options;
	}

	start(): void {
		void this.#open();
		this.#reports = setInterval(() => {
			this.report();
			this.#ping();
		}, reportEvery);
	}

	stop(): void {
		this.#isStopped = true;
		clearTimeout(this.#timer);
		clearTimeout(this.#nextReport);
		clearInterval(this.#reports);
		this.#socket?.close();
		this.#socket = null;
	}

	send(message: Signal): void {
		this.#post(message);
	}

	/** Says what is taken from now on. What is not is without its plan when it is again. */
	follow(renditions: readonly number[]): void {
		for (const led of this.#plans.keys()) if (!renditions.includes(led)) this.#plans.delete(led);
		this.#post({ type: "follow", renditions });
	}

	/** Says how things are, soon; to be called whenever that changes. */
	report(): void {
		if (this.#nextReport !== undefined) return;
		const wait = Math.max(0, this.#reportedAt + reportGap - performance.now());
		this.#nextReport = setTimeout(() => {
			this.#nextReport = undefined;
			this.#reportedAt = performance.now();
			if (this.#socket?.readyState === WebSocket.OPEN)
				this.#post({ type: "report", ...this.#options.report() });
		}, wait);
	}

	async #open(): Promise<void> {
		const { url, stream, epoch, agent, follow, upload } = this.#options;
		const token = await this.#options.token().catch(() => null);
		if (this.#isStopped) return;
		if (token === null) return this.#retry();
		const socket = new WebSocket(url, subprotocol);
		this.#socket = socket;
		socket.onopen = () =>
			this.#post({
				type: "join",
				stream,
				epoch,
				token,
				agent,
				follow: follow(),
				upload,
				secret: this.#secret,
				plans: follow().map((rendition) => this.#plans.get(rendition)),
				...this.#options.report(),
			});
		socket.onmessage = ({ data }) => this.#receive(String(data));
		socket.onclose = () => {
			if (this.#socket === socket) this.#retry();
		};
	}

	#retry(): void {
		this.#socket = null;
		if (this.#isStopped) return;
		const delay = Math.random() * Math.min(pause.most, pause.first * 2 ** ++this.#attempts);
		this.#timer = setTimeout(() => void this.#open(), delay);
	}

	#ping(): void {
		this.#post({ type: "ping", t: Math.round(this.#options.now()) });
	}

	#post(message: object): void {
		if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
	}

	#receive(data: string): void {
		let message: Record<string, unknown>;
		try {
			message = JSON.parse(data);
		} catch {
			return;
		}
		const { handlers } = this.#options;
		const peer = String(message.peer ?? "");
		switch (message.type) {
			case "welcome":
				this.#attempts = 0;
				this.#secret = message.secret;
				handlers.onWelcome(peer);
				this.#ping();
				return;
			case "connect":
				return handlers.onConnect(peer, message.role === "offer" ? "offer" : "answer");
			case "plan": {
				const led = Number((message.renditions as number[])?.[0]);
				if (this.#options.follow().includes(led)) this.#plans.set(led, message);
				return handlers.onPlan(readPlan(message));
			}
			case "disconnect":
				return handlers.onDisconnect(peer);
			case "gone":
				return handlers.onGone(peer);
			case "offer":
			case "answer":
			case "candidate":
				return handlers.onSignal(message as Signal);
			case "pong":
				return handlers.onTime(Number(message.now), Number(message.t), this.#options.now());
		}
	}
}
