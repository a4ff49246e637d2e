// The tracker (docs/protocol.md §8): who is connected to whom, and the letters that
// two peers exchange before they have a connection.

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
	httpBytes: number;
	p2pBytes: number;
	uploadedBytes: number;
}

export interface TrackerHandlers {
	/** The tracker gave this peer an id. */
	onWelcome(peer: string): void;
	onConnect(peer: string, role: "offer" | "answer"): void;
	onDisconnect(peer: string): void;
	onSignal(signal: Signal): void;
	/** The server's clock, and the local times of the question and the answer. */
	onTime(server: number, sent: number, received: number): void;
}

export interface TrackerOptions {
	url: string;
	stream: string;
	epoch: string;
	agent: string;
	/** An admission token; called for each connection. */
	token: () => Promise<string>;
	report: () => Report;
	/** The local clock, in milliseconds since 1970. */
	now: () => number;
	handlers: TrackerHandlers;
}

const subprotocol = "liverelay.1";
const reportEvery = 10_000;
const backoff = { least: 1000, most: 15_000 };

/** A connection to the tracker that comes back when it is lost. */
export class Tracker {
	readonly #options: TrackerOptions;
	#socket: WebSocket | null = null;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#reports: ReturnType<typeof setInterval> | undefined;
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
		clearInterval(this.#reports);
		this.#socket?.close();
		this.#socket = null;
	}

	send(message: Signal): void {
		this.#post(message);
	}

	/** Says how things are; to be called whenever a connection opens or fails. */
	report(): void {
		if (this.#socket?.readyState === WebSocket.OPEN)
			this.#post({ type: "report", ...this.#options.report() });
	}

	async #open(): Promise<void> {
		const { url, stream, epoch, agent } = this.#options;
		const token = await this.#options.token().catch(() => null);
		if (this.#isStopped) return;
		if (token === null) return this.#retry();
		const socket = new WebSocket(url, subprotocol);
		this.#socket = socket;
		socket.onopen = () => this.#post({ type: "join", stream, epoch, token, agent });
		socket.onmessage = ({ data }) => this.#receive(String(data));
		socket.onclose = () => {
			if (this.#socket === socket) this.#retry();
		};
	}

	#retry(): void {
		this.#socket = null;
		if (this.#isStopped) return;
		const most = Math.min(backoff.most, backoff.least * 2 ** ++this.#attempts);
		const delay = backoff.least + Math.random() * (most - backoff.least);
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
				handlers.onWelcome(peer);
				this.#ping();
				return;
			case "connect":
				return handlers.onConnect(peer, message.role === "offer" ? "offer" : "answer");
			case "disconnect":
				return handlers.onDisconnect(peer);
			case "offer":
			case "answer":
			case "candidate":
				return handlers.onSignal(message as Signal);
			case "pong":
				return handlers.onTime(Number(message.now), Number(message.t), this.#options.now());
		}
	}
}
