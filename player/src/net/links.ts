// Connections to other viewers: one WebRTC data channel each (docs/protocol.md §6).
import type { Signal } from "./tracker.ts";

export interface LinkHandlers {
	signal(signal: Signal): void;
	onOpen(peer: string): void;
	onMessage(peer: string, bytes: Uint8Array<ArrayBuffer>): void;
	/** An open channel was closed, by the other side or by the network. */
	onClose(peer: string): void;
	/** So many bytes wait to be sent: called when it is much, and by look() when it changed. */
	onPressure(peer: string, bytes: number): void;
	/** A connection never came about. */
	onFailed(peer: string): void;
}

interface Link {
	connection: RTCPeerConnection;
	channel: RTCDataChannel;
	isOpen: boolean;
	/** How many bytes were last said to wait. */
	told: number;
	/** Candidates that came before the description they belong to. */
	early: RTCIceCandidateInit[];
	timer: ReturnType<typeof setTimeout>;
}

const openWithin = 15_000;
/** A peer that is this many bytes behind is too slow to be of use. */
const mostBuffered = 8 << 20;
/** Bytes that wait in a channel are told of at once above this. */
const pressedFrom = 16_384;
const mostCandidates = 32;

/** The data channels of one viewer. */
export class Links {
	readonly #links = new Map<string, Link>();
	readonly #iceServers: RTCIceServer[];
	readonly #handlers: LinkHandlers;

	constructor(iceServers: RTCIceServer[], handlers: LinkHandlers) {
		this.#iceServers = iceServers;
		this.#handlers = handlers;
	}

	/** The peers with an open channel. */
	open(): string[] {
		return [...this.#links].filter(([, link]) => link.isOpen).map(([peer]) => peer);
	}

	/** Begins a connection, as the tracker said. */
	connect(peer: string, role: "offer" | "answer"): void {
		if (this.#links.has(peer)) return;
		const connection = new RTCPeerConnection({ iceServers: this.#iceServers });
		const channel = connection.createDataChannel("liverelay", {
			negotiated: true,
			id: 0,
			protocol: "liverelay/1",
		});
		channel.binaryType = "arraybuffer";
		const timer = setTimeout(() => this.#end(peer), openWithin);
		const link: Link = { connection, channel, isOpen: false, told: 0, early: [], timer };
		this.#links.set(peer, link);
		this.#listen(peer, link);
		if (role === "offer") void this.#describe(peer, link, "offer");
	}

	#listen(peer: string, link: Link): void {
		const { connection, channel } = link;
		let candidates = 0;
		connection.onicecandidate = ({ candidate }) => {
			if (!candidate?.candidate || ++candidates > mostCandidates) return;
			const { sdpMid, sdpMLineIndex } = candidate;
			this.#handlers.signal({
				type: "candidate",
				peer,
				candidate: candidate.candidate,
				sdpMid,
				sdpMLineIndex,
			});
		};
		connection.onconnectionstatechange = () => {
			if (connection.connectionState === "failed") this.#end(peer);
		};
		channel.onopen = () => {
			clearTimeout(link.timer);
			link.isOpen = true;
			this.#handlers.onOpen(peer);
		};
		channel.onmessage = ({ data }) => {
			// Text is no message of ours: an empty one is malformed.
			const bytes: ArrayBuffer | number[] = data instanceof ArrayBuffer ? data : [];
			this.#handlers.onMessage(peer, new Uint8Array(bytes as ArrayBuffer));
		};
		channel.onclose = () => this.#end(peer);
	}

	async #describe(peer: string, link: Link, type: "offer" | "answer"): Promise<void> {
		try {
			await link.connection.setLocalDescription();
			const sdp = link.connection.localDescription?.sdp;
			if (sdp && this.#links.get(peer) === link) this.#handlers.signal({ type, peer, sdp });
		} catch {
			this.#end(peer);
		}
	}

	/** Takes a letter from another peer. */
	async accept(signal: Signal): Promise<void> {
		const link = this.#links.get(signal.peer);
		if (!link) return;
		const { connection } = link;
		try {
			if (signal.type === "candidate") {
				if (connection.remoteDescription) this.#add(connection, signal);
				else if (link.early.length < mostCandidates) link.early.push(signal);
				return;
			}
			await connection.setRemoteDescription({ type: signal.type, sdp: signal.sdp });
			if (signal.type === "offer") await this.#describe(signal.peer, link, "answer");
			for (const init of link.early.splice(0)) this.#add(connection, init);
		} catch {
			this.#end(signal.peer);
		}
	}

	/** A candidate that this browser doesn't understand is no reason to give up. */
	#add(connection: RTCPeerConnection, init: RTCIceCandidateInit): void {
		connection.addIceCandidate(init).catch(() => {});
	}

	/** Sends a message; false when there is no channel to send it by. */
	send(peer: string, bytes: Uint8Array<ArrayBuffer>): boolean {
		const link = this.#links.get(peer);
		if (!link?.isOpen || link.channel.readyState !== "open") return false;
		if (link.channel.bufferedAmount > mostBuffered) {
			this.#end(peer);
			return false;
		}
		link.channel.send(bytes);
		if (link.channel.bufferedAmount > pressedFrom) this.#tell(peer, link);
		return true;
	}

	#tell(peer: string, link: Link): void {
		const { bufferedAmount } = link.channel;
		if (bufferedAmount === link.told) return;
		link.told = bufferedAmount;
		this.#handlers.onPressure(peer, bufferedAmount);
	}

	/** Tells what waits in the channels, where that has changed. */
	look(): void {
		for (const [peer, link] of this.#links) if (link.isOpen) this.#tell(peer, link);
	}

	/** Closes a connection after a last message, without telling the handlers. */
	close(peer: string, last?: Uint8Array<ArrayBuffer>): void {
		const link = this.#links.get(peer);
		if (!link) return;
		if (last) this.send(peer, last);
		this.#links.delete(peer);
		this.#dispose(link);
	}

	closeAll(last: Uint8Array<ArrayBuffer>): void {
		for (const peer of [...this.#links.keys()]) this.close(peer, last);
	}

	#end(peer: string): void {
		const link = this.#links.get(peer);
		if (!link) return;
		this.#links.delete(peer);
		this.#dispose(link);
		if (link.isOpen) this.#handlers.onClose(peer);
		else this.#handlers.onFailed(peer);
	}

	#dispose(link: Link): void {
		clearTimeout(link.timer);
		link.channel.onclose = null;
		link.channel.onmessage = null;
		link.channel.close();
		// Let a farewell leave before the connection goes.
		setTimeout(() => link.connection.close(), 500);
	}
}
