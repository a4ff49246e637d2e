// Other viewers: tracker and data channels around the peer's state machine.
import type { ServerClock } from "../clock.ts";
import type { Join } from "../net/join.ts";
import { Links } from "../net/links.ts";
import { Tracker } from "../net/tracker.ts";
import type { Action, Event } from "../peer/types.ts";
import type { Stats } from "../stats.ts";
import type { Trust } from "../trust.ts";
import { Malformed } from "../wire/codec.ts";
import type { Head } from "../wire/heads.ts";
import type { Manifest } from "../wire/manifest.ts";
import { bye, encodeMessage, type as messageType } from "../wire/messages.ts";

export interface SwarmOptions {
	join: Join;
	trust: Trust;
	clock: ServerClock;
	stats: Stats;
	agent: string;
	token: () => Promise<string>;
	/** Gives an event to the peer's state machine, and does what it says. */
	handle: (event: Event) => void;
	onHeads: (heads: Head[], payload: Uint8Array, peer: string) => void;
	onManifest: (manifest: Manifest) => void;
}

/** Codes of bye that are violations: such a peer is never connected to again. */
const violations: readonly number[] = [bye.malformed, bye.wrongBytes, bye.unasked, bye.flood];

/** Milliseconds without other viewers after the line turned out to be too slow. */
const restFor = 5000;
/** The tracker takes this many names in a list. */
const mostFailed = 64;
/** Messages of one peer that may wait to be verified. */
const mostWaiting = 256;

export class Swarm {
	readonly #options: SwarmOptions;
	readonly #banned = new Set<string>();
	readonly #failed = new Set<string>();
	/** What is being verified, by peer, so that messages keep their order. */
	readonly #queues = new Map<string, { last: Promise<void>; length: number }>();
	/** For the next report. */
	readonly #suspects = new Set<string>();
	readonly #late = new Map<string, number>();
	#followed: readonly number[] = [];
	#restsUntil = Number.NEGATIVE_INFINITY;
	#links: Links | null = null;
	#tracker: Tracker | null = null;

	constructor(options: SwarmOptions) {
		this.#options = options;
	}

	/**
	 * Joins the other viewers, unless it has, or rests; to be called again and again. Bytes a
	 * second that are lent: 0 for unlimited, -1 for none.
	 */
	start(upload: number): void {
		if (this.#tracker || typeof RTCPeerConnection === "undefined") return;
		if (performance.now() < this.#restsUntil) return;
		const { join, token, clock, agent } = this.#options;
		const links = new Links(join.iceServers, {
			signal: (signal) => this.#tracker?.send(signal),
			onOpen: (peer) => this.#opened(peer),
			onMessage: (peer, bytes) => this.#receive(peer, bytes),
			onClose: (peer) => this.#closed(peer),
			onPressure: (peer, bytes) => this.#options.handle({ type: "pressure", peer, bytes }),
			onFailed: (peer) => {
				this.#failed.add(peer);
				this.#tracker?.report();
			},
		});
		this.#links = links;
		this.#tracker = new Tracker({
			url: join.tracker,
			stream: join.stream,
			epoch: join.epoch,
			agent,
			follow: () => this.#followed,
			// In bit/s: -1 is unknown, which is what no limit is.
			upload: upload < 0 ? 0 : upload * 8 || -1,
			token,
			report: () => this.#report(),
			now: () => clock.local(),
			handlers: {
				onWelcome: (peer) => this.#options.handle({ type: "identify", peer }),
				onConnect: (peer, role) => {
					if (this.#banned.has(peer)) return;
					links.connect(peer, role);
					this.#failed.delete(peer);
				},
				onPlan: (plan) => this.#options.handle({ type: "plan", ...plan }),
				onGone: (peer) => this.#options.handle({ type: "gone", peer }),
				onDisconnect: (peer) => this.#leave(peer),
				onSignal: (signal) => void links.accept(signal),
				onTime: (server, sent, received) => clock.sample(server, sent, received),
			},
		});
		this.#tracker.start();
	}

	/** Leaves the others, and tells the state machine of it. */
	stop(): void {
		const left = this.#links?.open() ?? [];
		this.#links?.closeAll(encodeMessage({ type: "bye", code: bye.leaving, reason: "" }));
		this.#tracker?.stop();
		this.#links = null;
		this.#tracker = null;
		this.#count();
		for (const peer of left) this.#options.handle({ type: "peerClose", peer });
	}

	/** Tells the state machine what waits to be sent. */
	look(): void {
		this.#links?.look();
	}

	/** Says what is taken from now on; in a hurry, when the line is too slow for what came. */
	follow(renditions: readonly number[], isHurried: boolean): void {
		this.#followed = renditions;
		if (isHurried && this.#tracker) this.#rest();
		else this.#tracker?.follow(renditions);
	}

	/**
	 * Leaves the other viewers for a while: what each of them has under way is of no use any
	 * more, and would fill the line for seconds. The server alone brings what is switched to.
	 */
	#rest(): void {
		this.#restsUntil = performance.now() + restFor;
		this.stop();
	}

	/** Tells the tracker of a neighbour that does not do what it should. */
	tell(action: Action & { type: "suspect" | "late" }): void {
		const { peer } = action;
		if (action.type === "late") {
			this.#late.set(peer, (this.#late.get(peer) ?? 0) + action.count);
			return;
		}
		this.#suspects.add(peer);
		this.#tracker?.report();
	}

	send(peer: string, bytes: Uint8Array<ArrayBuffer>): void {
		if (this.#links?.send(peer, bytes) && bytes[0] === messageType.data)
			this.#options.stats.uploadedBytes += bytes.length;
	}

	/** Closes a connection as the state machine says. */
	close({ peer, code, reason }: { peer: string; code: number; reason: string }): void {
		if (violations.includes(code)) this.#banned.add(peer);
		this.#failed.add(peer);
		this.#end(peer, code, reason);
	}

	#end(peer: string, code: number, reason: string): void {
		this.#links?.close(peer, encodeMessage({ type: "bye", code, reason: reason.slice(0, 60) }));
		this.#count();
	}

	#report() {
		const { httpBytes, p2pBytes, uploadedBytes } = this.#options.stats;
		const connected = this.#links?.open() ?? [];
		// Those that failed or closed make room for others.
		const failed = [...this.#failed].slice(-mostFailed);
		const suspect = [...this.#suspects];
		const late = Object.fromEntries(this.#late);
		this.#suspects.clear();
		this.#late.clear();
		return { connected, failed, suspect, late, httpBytes, p2pBytes, uploadedBytes };
	}

	#count(): void {
		this.#options.stats.peers = this.#links?.open().length ?? 0;
		this.#tracker?.report();
	}

	#opened(peer: string): void {
		this.#count();
		this.#options.handle({ type: "peerOpen", peer });
	}

	#closed(peer: string): void {
		this.#failed.add(peer);
		this.#options.handle({ type: "peerClose", peer });
		this.#count();
	}

	/** The tracker wants this connection closed. */
	#leave(peer: string): void {
		// That is no failure: the two may be brought together again.
		this.#end(peer, bye.told, "");
		this.#options.handle({ type: "peerClose", peer });
	}

	#receive(peer: string, bytes: Uint8Array<ArrayBuffer>): void {
		let queue = this.#queues.get(peer);
		const isSigned = bytes[0] === messageType.manifest || bytes[0] === messageType.heads;
		if (!queue && !isSigned) return this.#pass(peer, bytes);
		queue ??= { last: Promise.resolve(), length: 0 };
		this.#queues.set(peer, queue);
		if (++queue.length > mostWaiting) return this.#accuse(peer, bye.flood);
		const { last } = queue;
		queue.last = last.then(async () => {
			await (isSigned ? this.#verify(peer, bytes) : this.#pass(peer, bytes));
			if (--queue.length === 0) this.#queues.delete(peer);
		});
	}

	#accuse(peer: string, code: number): void {
		this.#options.handle({ type: "accuse", peer, code, reason: "" });
	}

	#pass(peer: string, bytes: Uint8Array<ArrayBuffer>): void {
		if (bytes[0] === messageType.data) this.#options.stats.p2pBytes += bytes.length;
		this.#options.handle({ type: "message", peer, bytes });
	}

	/** Manifests and heads from a peer count only when their signatures do. */
	async #verify(peer: string, bytes: Uint8Array): Promise<void> {
		const { trust, handle, onHeads, onManifest } = this.#options;
		const payload = bytes.subarray(1);
		try {
			if (bytes[0] === messageType.heads) onHeads(await trust.acceptHeads(payload), payload, peer);
			else {
				const manifest = await trust.acceptManifest(payload);
				if (manifest) onManifest(manifest);
				// A manifest counts as a message, an old one, too.
				handle({ type: "heads", heads: [], payload, peer });
			}
		} catch (error) {
			this.#accuse(peer, error instanceof Malformed ? bye.malformed : bye.wrongBytes);
		}
	}
}
