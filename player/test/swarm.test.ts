// What other viewers send is verified in order, and counted.
import { afterEach, describe, expect, it, vi } from "vitest";
import { ServerClock } from "../src/clock.ts";
import { verifier } from "../src/crypto.ts";
import { Swarm } from "../src/engine/swarm.ts";
import type { Join } from "../src/net/join.ts";
import type { Event } from "../src/peer/types.ts";
import { emptyStats } from "../src/stats.ts";
import { Trust } from "../src/trust.ts";
import { bye } from "../src/wire/messages.ts";
import { epoch, manifest, signedManifest, started, stream } from "./broadcast.ts";

const peer = "a-peer";
const join = { stream, epoch, tracker: "ws://host/tracker", iceServers: [] as RTCIceServer[] };

/** A connection of which tests keep the channel and the candidates. */
class Connection {
	static last: Connection;
	readonly channel = { close: () => {} } as unknown as RTCDataChannel;
	readonly candidates: RTCIceCandidateInit[] = [];
	remoteDescription: RTCSessionDescriptionInit | null = null;
	localDescription = { sdp: "v=0" };
	isClosed = false;

	constructor() {
		Connection.last = this;
	}
	createDataChannel = () => this.channel;
	setLocalDescription = () => Promise.resolve();
	setRemoteDescription = async (description: RTCSessionDescriptionInit) => {
		this.remoteDescription = description;
	};
	addIceCandidate = async (candidate: RTCIceCandidateInit) => {
		if (candidate.candidate === "nonsense") throw new Error("what is that?");
		this.candidates.push(candidate);
	};
	close = () => {
		this.isClosed = true;
	};
}

interface Sent {
	type: string;
	failed?: string[];
	connected?: string[];
	secret?: string;
	plans?: object[];
}

/** A tracker's connection. */
class Socket {
	static readonly OPEN = 1;
	static last: Socket | undefined;
	readyState = 1;
	readonly sent: Sent[] = [];
	onopen = () => {};
	onclose = () => {};
	onmessage: (event: { data: string }) => void = () => {};

	constructor() {
		Socket.last = this;
	}
	send = (text: string) => void this.sent.push(JSON.parse(text));
	close = () => {};
	says = (message: object) => this.onmessage({ data: JSON.stringify(message) });
}

const swarms: Swarm[] = [];

/** A swarm with one connection that the tracker told of. */
async function connected(): Promise<{ events: Event[]; socket: Socket; swarm: Swarm }> {
	vi.stubGlobal("RTCPeerConnection", Connection);
	vi.stubGlobal("WebSocket", Socket);
	const now = () => started + 60_000;
	const trust = new Trust({ stream, epoch, identity: null, verify: verifier(), now });
	await trust.acceptManifest(signedManifest(manifest({ serial: 7 })));
	const events: Event[] = [];
	const swarm = new Swarm({
		...{ join: join as Join, trust, clock: new ServerClock(now), stats: emptyStats(), agent: "" },
		token: () => Promise.resolve("token"),
		handle: (event) => void events.push(event),
		onHeads: () => {},
		onManifest: () => {},
	});
	swarms.push(swarm);
	Socket.last = undefined;
	swarm.start(0);
	const socket = await vi.waitUntil(() => Socket.last);
	socket.says({ type: "connect", peer, role: "answer" });
	return { events, socket, swarm };
}

afterEach(() => {
	for (const swarm of swarms.splice(0)) swarm.stop();
	vi.unstubAllGlobals();
});

const receive = (bytes: Uint8Array) =>
	Connection.last.channel.onmessage?.call(
		Connection.last.channel,
		new MessageEvent("message", { data: bytes.buffer }),
	);

describe("messages of a peer", () => {
	const old = signedManifest(manifest({ serial: 3 }));
	const message = new Uint8Array([2, ...old]);

	it("count, even if they are manifests that are known already", async () => {
		const { events } = await connected();
		receive(message);
		receive(message);
		const counted = { type: "heads", heads: [], payload: message.subarray(1), peer };
		await vi.waitFor(() => expect(events).toEqual([counted, counted]));
	});
	it("may not wait in any number", async () => {
		const { events } = await connected();
		for (let i = 0; i < 257; i++) receive(message);
		expect(events).toEqual([{ type: "accuse", peer, code: bye.flood, reason: "" }]);
	});
});

describe("a connection", () => {
	it("is left to the state machine when the tracker says that the peer is gone", async () => {
		const { events, socket } = await connected();
		socket.says({ type: "gone", peer });
		expect(events).toEqual([{ type: "gone", peer }]);
		expect(Connection.last.isClosed).toBe(false);
	});
	it("takes the place of one that the other end has no more, which has not failed", async () => {
		const { events, socket } = await connected();
		const first = Connection.last;
		first.channel.onopen?.call(first.channel, new Event("open"));
		socket.says({ type: "connect", peer, role: "offer" });
		expect(Connection.last).not.toBe(first);
		expect(events).toEqual([
			{ type: "peerOpen", peer },
			{ type: "peerClose", peer },
		]);
		await vi.waitFor(() => expect(socket.sent.some(({ type }) => type === "report")).toBe(true));
		expect(socket.sent.flatMap(({ failed }) => failed ?? [])).toEqual([]);
	});
	it("comes about with candidates that came early, and some that are not understood", async () => {
		const { socket } = await connected();
		const letter = { peer, sdpMid: "0", sdpMLineIndex: 0 };
		for (const candidate of ["first", "nonsense", "second"])
			socket.says({ type: "candidate", ...letter, candidate });
		socket.says({ type: "offer", peer, sdp: "v=0" });
		await vi.waitFor(() => expect(Connection.last.candidates.length).toBe(2));
		socket.says({ type: "candidate", ...letter, candidate: "nonsense" });
		socket.says({ type: "candidate", ...letter, candidate: "third" });
		await vi.waitFor(() => expect(Connection.last.candidates.length).toBe(3));
		expect(socket.sent.map(({ type }) => type)).toContain("answer");
		expect(Connection.last.isClosed).toBe(false);
	});
});

describe("a tracker that comes back", () => {
	it("is told who this viewer is, whom it is connected with, and its plans", async () => {
		const { socket, swarm } = await connected();
		const { channel } = Connection.last;
		channel.onopen?.call(channel, new Event("open"));
		swarm.follow([0, 1], false);
		const stripes = [{ parent: peer, standby: "" }];
		const plan = { serial: 3, renditions: [0, 1], stripes, place: "12.1" };
		socket.says({ type: "welcome", peer: "me", secret: "a secret" });
		socket.says({ type: "plan", ...plan });
		socket.says({ type: "plan", serial: 4, renditions: [2], stripes, place: "other" });
		Socket.last = undefined;
		vi.spyOn(Math, "random").mockReturnValue(0.01);
		socket.onclose();
		const again: Socket = await vi.waitUntil(() => Socket.last);
		again.onopen();
		const had = { secret: "a secret", connected: [peer], plans: [plan, null] };
		expect(again.sent[0]).toMatchObject({ type: "join", ...had });
		expect(Connection.last.isClosed).toBe(false);
		vi.restoreAllMocks();
	});
	it("is told no plan that ended while it was away, as what it was for was left", async () => {
		const { socket, swarm } = await connected();
		swarm.follow([0, 1], false);
		socket.says({ type: "plan", serial: 3, renditions: [0, 1], stripes: [], place: "12.1" });
		Socket.last = undefined;
		vi.spyOn(Math, "random").mockReturnValue(0.01);
		socket.onclose();
		swarm.follow([2, 1], false);
		swarm.follow([0, 1], false);
		const again: Socket = await vi.waitUntil(() => Socket.last);
		again.onopen();
		expect(again.sent[0]).toMatchObject({ type: "join", follow: [0, 1], plans: [null, null] });
		vi.restoreAllMocks();
	});
});

describe("a line that is too slow", () => {
	it("is left to the server for a while, and then to all", async () => {
		const { events, socket, swarm } = await connected();
		const { channel } = Connection.last;
		channel.onopen?.call(channel, new Event("open"));
		swarm.follow([1], false);
		expect(socket.sent.at(-1)).toEqual({ type: "follow", renditions: [1] });
		swarm.follow([2], true);
		expect(events.at(-1)).toEqual({ type: "peerClose", peer });
		expect(socket.sent.at(-1)).toEqual({ type: "follow", renditions: [1] });
		Socket.last = undefined;
		swarm.start(0);
		await new Promise((resolve) => setTimeout(resolve, 20));
		expect(Socket.last).toBeUndefined();
		const later = performance.now() + 6000;
		vi.spyOn(performance, "now").mockReturnValue(later);
		swarm.start(0);
		const again: Socket = await vi.waitUntil(() => Socket.last);
		(again as unknown as { onopen: () => void }).onopen();
		expect(again.sent[0]).toMatchObject({ type: "join", follow: [2] });
		vi.restoreAllMocks();
	});
});
