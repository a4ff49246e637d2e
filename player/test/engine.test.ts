// The engine with a network that is made here: a feed, parts, init segments.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ServerClock } from "../src/clock.ts";
import { sha256, verifier } from "../src/crypto.ts";
import { Engine } from "../src/engine/engine.ts";
import type { Join } from "../src/net/join.ts";
import { emptyStats } from "../src/stats.ts";
import { Trust } from "../src/trust.ts";
import { hashSize } from "../src/wire/chunks.ts";
import { Writer } from "../src/wire/codec.ts";
import type { Head } from "../src/wire/heads.ts";
import {
	frame,
	head,
	heads,
	manifest,
	partBytes,
	signedHeads,
	signedManifest,
	started,
} from "./broadcast.ts";
import { content } from "./content.ts";
import { toHex } from "./vectors.ts";

const base = "http://host/live/demo/abcdefghijklmnop/";

function dataFrame(rendition: number, number: number): Uint8Array {
	const name = new Writer().uvarint(rendition).uvarint(number).uvarint(0);
	return name.raw(partBytes(rendition, number)).finish();
}

function initFrame(rendition: number, bytes: Uint8Array): Uint8Array {
	return new Writer().uvarint(rendition).uvarint(0).raw(bytes).finish();
}

/** What a server would answer; tests change it as they go. */
class Server {
	readonly asked: string[] = [];
	readonly feeds: ReadableStreamDefaultController<Uint8Array>[] = [];
	/** Parts that are answered with other bytes than they have, or with a status. */
	readonly wrong = new Map<string, Uint8Array<ArrayBuffer> | number>();
	/** Parts that the feed does not bring, by rendition and number. */
	readonly withheld = new Set<string>();
	serial = 1;
	renditions = manifest().renditions;
	/** It was started anew, and knows nothing of the broadcast. */
	isNew = false;

	fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
		const path = String(url).slice(base.length);
		this.asked.push(path);
		if (path.startsWith("feed") && !this.isNew) return this.#feed(init?.signal);
		if (path.startsWith("feed")) return new Response(null, { status: 404 });
		const wrong = this.wrong.get(path);
		if (typeof wrong === "number") return new Response(null, { status: wrong });
		if (wrong) return new Response(wrong);
		if (path.includes("init")) return new Response(content(9, 0, 100));
		const [, name, number] = /^(\w+)\/p(\d+)\.m4s$/.exec(path) ?? [];
		return new Response(partBytes(name === "audio" ? 1 : 0, Number(number)));
	};

	#feed(signal?: AbortSignal | null): Response {
		const body = new ReadableStream<Uint8Array>({ start: (c) => void this.feeds.push(c) });
		const feed = this.feeds.at(-1)!;
		signal?.addEventListener("abort", () => feed.error(new Error("aborted")));
		this.announce(feed);
		for (const index of this.renditions.keys())
			feed.enqueue(frame(18, initFrame(index, content(9, 0, 100))));
		return new Response(body);
	}

	announce(feed = this.feeds.at(-1)): void {
		const { renditions } = this;
		feed?.enqueue(frame(2, signedManifest(manifest({ serial: ++this.serial, renditions }))));
	}

	send(...list: Head[]): void {
		const feed = this.feeds.at(-1);
		feed?.enqueue(frame(3, signedHeads(list)));
		for (const { rendition, number } of list)
			if (!this.withheld.has(`${rendition}/${number}`))
				feed?.enqueue(frame(6, dataFrame(rendition, number)));
	}

	count(prefix: string): number {
		return this.asked.filter((path) => path.startsWith(prefix)).length;
	}
}

let server: Server;
let engine: Engine;
let gone = 0;
const stats = emptyStats();

beforeEach(async () => {
	Object.assign(stats, emptyStats());
	gone = 0;
	server = new Server();
	vi.stubGlobal("fetch", server.fetch);
	const now = () => started + 60_000;
	const fields = { stream: "demo", epoch: "abcdefghijklmnop", identity: null };
	const trust = new Trust({ ...fields, verify: verifier(), now });
	await trust.acceptManifest(signedManifest(manifest()));
	engine = new Engine({
		join: { stream: "demo", epoch: "abcdefghijklmnop", base } as Join,
		trust,
		clock: new ServerClock(now),
		stats,
		upload: 0,
		isShared: false,
		token: () => Promise.resolve(""),
		mayFallBack: true,
		onGone: () => void gone++,
	});
	engine.start("source");
	await vi.waitFor(() => expect(server.feeds.length).toBe(1));
});

afterEach(() => {
	engine.stop();
	vi.unstubAllGlobals();
});

/** The feed's first heads, from part 20 on: in the middle of a segment. */
async function begin(): Promise<void> {
	server.send(...heads(0, 20, 23), ...heads(1, 20, 23));
	expect(await engine.lead("source")).toBe(1);
}

describe("the engine", () => {
	it("asks for heads of what is watched and of its sound, and plays from them", async () => {
		await begin();
		expect(server.asked).toContain("feed?r=source,audio&stripes=all");
		expect(engine.guide.playlist("source")).toContain('URI="p23.m4s"');
		const part = await engine.part("source", 20);
		expect(toHex(part!)).toBe(toHex(partBytes(0, 20)));
		expect(stats.playlistRequests).toBe(0);
		expect(server.asked.length).toBe(1);
	});
	it("shows a part in the playlist once it is there", async () => {
		await begin();
		const { edge } = engine.timeline("source")!;
		expect(edge).toBe(23);
		const beyond = engine.timeline("source")!.beyond(edge, 5000);
		server.send(head(0, 24));
		expect(await beyond).toBe(true);
		expect(engine.guide.playlist("source")).toContain('URI="p24.m4s"');
	});
	it("puts a segment together", async () => {
		await begin();
		server.send(...heads(0, 24, 31));
		await vi.waitFor(() => expect(engine.timeline("source")!.edge).toBe(31));
		const segment = await engine.segment("source", 3);
		expect(segment!.length).toBe(8 * 3000);
		expect(toHex(segment!.subarray(3000, 6000))).toBe(toHex(partBytes(0, 25)));
	});
	it("fetches a part again whose bytes are wrong, and never plays them", async () => {
		await begin();
		server.withheld.add("0/25");
		server.wrong.set("source/p25.m4s", content(5, 5, 3000));
		server.send(head(0, 24), head(0, 25));
		await vi.waitFor(() => expect(stats.rejectedChunks).toBeGreaterThan(0), 3000);
		server.wrong.clear();
		const part = await engine.part("source", 25);
		expect(toHex(part!)).toBe(toHex(partBytes(0, 25)));
	});
	it("fetches what lacks of a part that comes behind others which haven't come", async () => {
		await begin();
		const bytes = content(0, 26, 6000);
		const chunk = (i: number) => bytes.subarray(1000 * i, 1000 * (i + 1));
		const chunks = [0, 1, 2, 3, 4, 5].map((i) => sha256(chunk(i)).subarray(0, hashSize));
		server.withheld.add("0/26");
		server.wrong.set("source/p26.m4s", bytes);
		server.send(head(0, 26, { length: 6000, chunks }));
		for (const i of [0, 1, 2, 3, 5]) {
			const data = new Writer().uvarint(0).uvarint(26).uvarint(i).raw(chunk(i)).finish();
			server.feeds[0]?.enqueue(frame(6, data));
		}
		await vi.waitFor(() => expect(server.count("source/p26")).toBe(1), 4000);
		server.send(...heads(0, 24, 25));
		await vi.waitFor(() => expect(engine.timeline("source")!.edge).toBe(26), 4000);
		expect(toHex((await engine.part("source", 26))!)).toBe(toHex(bytes));
		expect(stats.rejectedChunks).toBe(0);
		expect(server.count("source/p26")).toBe(1);
	});
	it("lets go of a part when the last one that waited for it went on elsewhere", async () => {
		await begin();
		server.withheld.add("0/24");
		server.send(head(0, 24));
		await vi.waitFor(() => expect(engine.timeline("source")?.newest?.number).toBe(24));
		const [first, second, third] = [0, 1, 2].map(() => new AbortController());
		const orders = [first, second].map((left) => engine.part("source", 24, left!.signal));
		first!.abort();
		expect(await orders[0]).toBeNull();
		second!.abort();
		expect(await orders[1]).toBeNull();
		// Whoever asks again gets it.
		const again = engine.part("source", 24, third!.signal);
		expect(toHex((await again)!)).toBe(toHex(partBytes(0, 24)));
		third!.abort();
	});
	it("steps over a part that is gone", async () => {
		await begin();
		server.withheld.add("0/25");
		server.wrong.set("source/p25.m4s", 404);
		server.send(head(0, 24), head(0, 25), head(0, 26));
		await vi.waitFor(() => expect(engine.timeline("source")!.edge).toBe(26), 3000);
		expect(engine.guide.playlist("source")).toMatch(/URI="p25.m4s",GAP=YES/);
		expect(await engine.part("source", 25)).toBeNull();
	});
	it("fetches what does not come in time for where playback is by now", async () => {
		// Two seconds behind what is announced next; and then there, all but a moment.
		const playhead = vi.fn(() => 4000);
		engine.playhead = playhead;
		await begin();
		server.withheld.add("0/24");
		playhead.mockImplementation(() => 5900);
		await vi.waitFor(() => expect(playhead).toHaveLastReturnedWith(5900));
		server.send(head(0, 24));
		const began = performance.now();
		await vi.waitFor(() => expect(server.asked).toContain("source/p24.m4s"), 3000);
		expect(performance.now() - began).toBeLessThan(1000);
	});
	it("takes init segments from the feed", async () => {
		expect(toHex(sha256(await engine.init("source", 0)))).toBe(toHex(sha256(content(9, 0, 100))));
		expect(server.count("source/init0.mp4")).toBe(0);
	});
	it("begins the feed anew after an init segment that is not the manifest's", async () => {
		server.feeds[0]?.enqueue(frame(18, initFrame(0, content(1, 1, 100))));
		await vi.waitFor(() => expect(server.feeds.length).toBe(2), 3000);
	});
	it("gets a new init segment as soon as a manifest brings it", async () => {
		await begin();
		expect(server.count("source/init")).toBe(0);
		const fields = manifest({ serial: 99 });
		fields.renditions[0]!.inits.push(sha256(content(9, 0, 100)));
		server.feeds[0]?.enqueue(frame(2, signedManifest(fields)));
		await vi.waitFor(() => expect(server.asked).toContain("source/init1.mp4"), 3000);
		await engine.init("source", 1);
		expect(server.count("source/init")).toBe(1);
	});
	it("comes back where it was when the feed breaks off", async () => {
		await begin();
		server.feeds[0]?.error(new Error("gone"));
		await vi.waitFor(() => expect(server.feeds.length).toBe(2), 3000);
		expect(server.asked.at(-1)).toContain(
			"feed?r=source,audio&from=source:24,audio:24&stripes=all",
		);
	});
	it("says so when the server was started anew, and asks no more", async () => {
		await begin();
		server.isNew = true;
		server.feeds[0]?.error(new Error("the daemon was killed"));
		await vi.waitFor(() => expect(gone).toBe(1), 3000);
		expect(server.count("feed")).toBe(2);
	});
	it("begins the feed anew after bytes that nobody signed", async () => {
		await begin();
		const forged = signedHeads([head(0, 24)]);
		forged[forged.length - 1]! ^= 1;
		server.feeds[0]?.enqueue(frame(3, forged));
		await vi.waitFor(() => expect(server.feeds.length).toBe(2), 3000);
		expect(engine.timeline("source")!.newest?.number).toBe(23);
	});
	it("leaves to the server what it has no heads of", async () => {
		await begin();
		expect(await engine.part("source", 7)).toBeNull();
		expect(await engine.segment("source", 1)).toBeNull();
		expect(await engine.part("720p", 7)).toBeNull();
	});
	it("gets what it missed while the feed was away", async () => {
		await begin();
		server.send(...heads(0, 24, 47));
		await vi.waitFor(() => expect(engine.timeline("source")!.edge).toBe(47));
	});
	it("ends the playlists when the broadcast has ended", async () => {
		await begin();
		const ended = manifest({ serial: 99, ended: started + 60_000 });
		server.feeds[0]?.enqueue(frame(2, signedManifest(ended)));
		await vi.waitFor(() => expect(engine.timeline("source")!.ended).toBe(true));
		expect(engine.guide.playlist("source")).toContain("#EXT-X-ENDLIST");
	});
	it("forgets whole segments after a while, and with the first one the gap before it", async () => {
		await begin();
		expect(engine.guide.playlist("source")).toContain("#EXT-X-MEDIA-SEQUENCE:2\n");
		for (let number = 24; number <= 155; number += 22) {
			server.send(...heads(0, number, number + 21));
			await vi.waitFor(() => expect(engine.timeline("source")!.edge).toBe(number + 21));
		}
		expect(engine.timeline("source")!.oldest?.number).toBe(32);
		expect(engine.guide.playlist("source")).toContain("#EXT-X-MEDIA-SEQUENCE:5\n");
	});
	it("tells the wall clock of a position", async () => {
		await begin();
		expect(engine.guide.dateAt(5.1)).toBe(started + 5100);
	});
	it("begins anew at the live edge", async () => {
		await begin();
		server.send(...heads(0, 24, 45), ...heads(1, 24, 45));
		await vi.waitFor(() => expect(engine.timeline("source")!.newest?.number).toBe(45));
		engine.restart();
		expect(engine.timeline("source")!.oldest?.number).toBe(40);
		expect(engine.timeline("audio")!.oldest?.number).toBe(40);
	});
});

describe("a switch", () => {
	const small = () => ({ ...manifest().renditions[0]!, name: "240p", bandwidth: 400_000 });
	const last = () => server.asked.filter((path) => path.startsWith("feed")).at(-1);

	beforeEach(async () => {
		server.renditions = [...manifest().renditions, small()];
		await begin();
		server.announce();
		await vi.waitFor(() => expect(engine.manifest.renditions.length).toBe(3));
	});

	it("keeps the rendition before until playback has gone over to the next", async () => {
		engine.watch("240p");
		await vi.waitFor(() => expect(server.feeds.length).toBe(2));
		expect(last()).toContain("r=source,audio,240p&");
		expect(engine.isReady("240p", false)).toBe(false);
		// All of it is there, but that ends before what was played.
		server.send(...heads(2, 20, 21));
		await vi.waitFor(() => expect(engine.timeline("240p")?.edge).toBe(21));
		expect(engine.isReady("240p", false)).toBe(false);
		server.send(...heads(2, 22, 24));
		await vi.waitFor(() => expect(engine.isReady("240p", false)).toBe(true));
		expect(engine.isWatched("source")).toBe(true);
		engine.left();
		await vi.waitFor(() => expect(server.feeds.length).toBe(3), { timeout: 3000 });
		expect(last()).toContain("r=audio,240p&");
		expect(engine.isWatched("source")).toBe(false);
	});
	it("ends the rendition before at once where the line is too slow", async () => {
		server.withheld.add("0/24");
		server.send(...heads(0, 24, 24));
		await vi.waitFor(() => expect(engine.timeline("source")?.newest?.number).toBe(24));
		const order = engine.part("source", 24);
		engine.watch("240p", true);
		expect(await order).toBeNull();
		expect(engine.isWatched("source")).toBe(false);
		await vi.waitFor(() => expect(server.feeds.length).toBe(2));
		expect(last()).toContain("r=audio,240p&");
		// What it begins with will do; the rest may still be on its way.
		server.withheld.add("2/23");
		server.send(...heads(2, 21, 24));
		await vi.waitFor(() => expect(engine.isReady("240p", true)).toBe(true));
		expect(engine.isReady("240p", false)).toBe(false);
	});
	it("goes back when the next one is not wanted any more", async () => {
		engine.watch("240p");
		await vi.waitFor(() => expect(server.feeds.length).toBe(2));
		engine.watch("source", true);
		await vi.waitFor(() => expect(last()).toContain("r=source,audio&"));
		expect(engine.isWatched("240p")).toBe(false);
		expect(await engine.part("source", 23)).not.toBeNull();
	});
});

describe("measuring the line", () => {
	it("takes a part of another rendition, or a little of the same", async () => {
		await begin();
		expect((await engine.measure.probe("audio"))?.bytes).toBe(partBytes(1, 21).length);
		expect(server.asked).toContain("audio/p21.m4s");
		expect(await engine.measure.check()).toBeGreaterThan(0);
		expect(server.asked).toContain("source/p21.m4s");
	});
	it("knows nothing when the server refuses, and takes a long wait for a slow line", async () => {
		await begin();
		server.wrong.set("source/p21.m4s", 503);
		expect(await engine.measure.check()).toBeNull();
		const { fetch } = server;
		vi.stubGlobal("fetch", async (url: string, init?: RequestInit) => {
			await new Promise((_, reject) => {
				init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
			});
			return fetch(url, init);
		});
		expect(await engine.measure.check()).toBe(0);
	});
});
