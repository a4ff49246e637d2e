// Connections to other viewers, of two WebRTC data channels each (docs/protocol.md §6).
import { mayOvertake } from "../wire/messages.ts";
import type { Signal } from "./tracker.ts";

export interface LinkHandlers {
	signal(signal: Signal): void;
	onOpen(peer: string): void;
	onMessage(peer: string, bytes: Uint8Array<ArrayBuffer>): void;
	/** An open connection was closed, by the other side or by the network. */
	onClose(peer: string): void;
	/** So many bytes wait to be sent in both channels: called when it is much, and by look() when it changed. */
	onPressure(peer: string, bytes: number): void;
	/** A connection never came about. */
	onFailed(peer: string): void;
}

interface Link {
	connection: RTCPeerConnection;
	/** The one that is in order, and, once there is one, that in which messages may overtake. */
	channels: RTCDataChannel[];
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
/** Bytes that wait for a peer are told of at once above this. */
const pressedFrom = 16_384;
const mostCandidates = 32;
const protocol = "liverelay/1";

/** The data channels of one viewer. */
export class Links {
	readonly #links = new Map<string, Link>();
	readonly #iceServers: RTCIceServer[];
	readonly #handlers: LinkHandlers;

	constructor(iceServers: RTCIceServer[], handlers: LinkHandlers) {
		this.#iceServers = iceServers;
		this.#handlers = handlers;
	}

	/** The peers with open channels. */
	open(): string[] {
		return [...this.#links].filter(([, link]) => link.isOpen).map(([peer]) => peer);
	}

	/** Begins a connection, as the tracker said; another one to this peer is of the past. */
	connect(peer: string, role: "offer" | "answer"): void {
		this.#end(peer);
		const connection = new RTCPeerConnection({ iceServers: this.#iceServers });
		const timer = setTimeout(() => this.#end(peer), openWithin);
		const link: Link = { connection, channels: [], isOpen: false, told: 0, early: [], timer };
		this.#links.set(peer, link);
		this.#listen(peer, link);
		const open = (options: RTCDataChannelInit) =>
			this.#hear(peer, link, connection.createDataChannel("liverelay", { protocol, ...options }));
		const first = open({ negotiated: true, id: 0 });
		first.onopen = () => {
			clearTimeout(link.timer);
			link.isOpen = true;
			this.#handlers.onOpen(peer);
		};
		if (role === "offer") {
			open({ ordered: false });
			void this.#describe(peer, link, "offer");
		}
	}

	#listen(peer: string, link: Link): void {
		const { connection } = link;
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
		connection.ondatachannel = ({ channel }) => {
			if (link.channels.length > 1) this.#end(peer);
			else this.#hear(peer, link, channel);
		};
	}

	#hear(peer: string, link: Link, channel: RTCDataChannel): RTCDataChannel {
		link.channels.push(channel);
		channel.binaryType = "arraybuffer";
		channel.onmessage = ({ data }) => {
			// Text is no message of ours: an empty one is malformed.
			const bytes: ArrayBuffer | number[] = data instanceof ArrayBuffer ? data : [];
			this.#handlers.onMessage(peer, new Uint8Array(bytes as ArrayBuffer));
		};
		channel.onclose = () => this.#end(peer);
		return channel;
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
		if (!link?.isOpen) return false;
		const [first, second] = link.channels;
		const isSecond = mayOvertake(bytes[0]) && second?.readyState === "open";
		const channel = isSecond ? second : first;
		if (channel?.readyState !== "open") return false;
		if (waiting(link) > mostBuffered) {
			this.#end(peer);
			return false;
		}
		channel.send(bytes);
		if (waiting(link) > pressedFrom) this.#tell(peer, link);
		return true;
	}

	#tell(peer: string, link: Link): void {
		const bytes = waiting(link);
		if (bytes === link.told) return;
		link.told = bytes;
		this.#handlers.onPressure(peer, bytes);
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
		for (const peer of this.#links.keys()) this.close(peer, last);
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
		link.connection.ondatachannel = null;
		for (const channel of link.channels) {
			channel.onclose = null;
			channel.onmessage = null;
			channel.close();
		}
		// Let a farewell leave before the connection goes.
		setTimeout(() => link.connection.close(), 500);
	}
}

function waiting({ channels }: Link): number {
	return channels.reduce((sum, { bufferedAmount }) => sum + bufferedAmount, 0);
}
