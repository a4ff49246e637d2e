// The engine of one broadcast: it joins feed, peers and server, and answers what a
// player asks: playlists, init segments, parts. It knows nothing of hls.js.

import { get } from "../net/http.ts";
import { Core } from "../peer/core.ts";
import type { Action, Event, Want } from "../peer/types.ts";
import { leadOf, multivariantPlaylist } from "../playlist.ts";
import { chunkRange } from "../wire/chunks.ts";
import type { Head } from "../wire/heads.ts";
import { kind, type Manifest, type Rendition } from "../wire/manifest.ts";
import type { PartName } from "../wire/messages.ts";
import { Feed } from "./feed.ts";
import { Fetches, key } from "./fetches.ts";
import { Inits } from "./inits.ts";
import { Swarm } from "./swarm.ts";
import { Timeline } from "./timeline.ts";
import type { Arrival, EngineOptions } from "./types.ts";

const agent = "liverelay-player/0.1";
const tickEvery = 50;
/** Without heads for this long, the server's playlists are used. */
const headsWithin = 4000;
/** How long the first heads may take to become complete. */
const settle = { quiet: 40, most: 400 };
/** How long a rendition is kept after it was switched from. */
const keepSwitched = 1500;
/** How long the feed may take to bring an init segment, before it is fetched. */
const initWithin = 1500;
/** Parts before the newest one that a probe fetches: it is there, and not yet old. */
const probeBack = 2;

export class Engine {
	readonly #options: EngineOptions;
	/** The playlists' date of the broadcast's beginning, in milliseconds since 1970. */
	#zero: number | null = null;
	readonly #core: Core;
	readonly #feed: Feed;
	readonly #swarm: Swarm;
	readonly #timelines = new Map<number, Timeline>();
	readonly #fetches: Fetches;
	readonly #inits: Inits;
	readonly #waiting = new Map<string, ((bytes: Uint8Array | null) => void)[]>();
	readonly #end = new AbortController();
	/** Parts that were announced while playing, and have not come yet. */
	readonly #announced = new Set<string>();
	/** Called for each part of a followed rendition that comes in at the live edge. */
	onArrival: (arrival: Arrival) => void = () => {};
	/** Called with what the server sent at one go, and how many milliseconds that took. */
	onBurst: (bytes: number, ms: number) => void = () => {};
	/** What was handed to the state machine while it dealt with something. */
	readonly #events: Event[] = [];
	#isHandling = false;
	/** What the feed is to bring. */
	#fed: readonly Want[] = [];
	/** Indices of the renditions that are followed, the main one first. */
	#followed: number[] = [];
	/** Those that were switched from a moment ago. */
	#kept: number[] = [];
	#dropping: ReturnType<typeof setTimeout> | undefined;
	#ticks: ReturnType<typeof setInterval> | undefined;
	#settling: ReturnType<typeof setTimeout> | undefined;
	#settleBy = 0;
	#headAt = performance.now();

	constructor(options: EngineOptions) {
		this.#options = options;
		const { stream, epoch, base } = options.join;
		this.#fetches = new Fetches(options.stats, (event) => this.#handle(event));
		this.#inits = new Inits(options.stats, this.#end.signal);
		this.#core = new Core({ id: "", stream, epoch, agent, upload: options.upload });
		this.#feed = new Feed({
			base,
			trust: options.trust,
			stats: options.stats,
			signal: this.#end.signal,
			onHeads: (heads, payload) => this.#takeHeads(heads, payload),
			onManifest: (manifest) => this.#takeManifest(manifest),
			onData: ({ rendition, number, chunk, bytes }) =>
				this.#handle({ type: "feedData", rendition, number, chunk, bytes }),
			onInit: ({ rendition, number, bytes }) => {
				const { inits } = this.#rendition(rendition);
				this.#inits.put(this.#initUrl(rendition, number), bytes, inits[number]);
			},
			onLost: (retryAfter) => this.#handle({ type: "feedLost", retryAfter }),
			onGone: options.onGone,
			onBurst: (bytes, ms) => this.onBurst(bytes, ms),
		});
		this.#swarm = new Swarm({
			...options,
			agent,
			handle: (event) => this.#handle(event),
			onHeads: (heads, payload, peer) => this.#takeHeads(heads, payload, peer),
			onManifest: (manifest) => this.#takeManifest(manifest),
		});
	}

	/** The newest manifest; start() needs one. */
	get manifest(): Manifest {
		const { manifest } = this.#options.trust;
		if (!manifest) throw new Error("no manifest yet");
		return manifest;
	}

	get base(): string {
		return this.#options.join.base;
	}

	get mayFallBack(): boolean {
		return this.#options.mayFallBack;
	}

	start(rendition: string): void {
		this.watch(rendition);
		this.#ticks = setInterval(() => this.#handle({ type: "tick" }), tickEvery);
	}

	stop(): void {
		this.#end.abort();
		this.#swarm.stop();
		clearInterval(this.#ticks);
		clearTimeout(this.#settling);
		clearTimeout(this.#dropping);
		this.#fetches.stop();
		for (const waiting of this.#waiting.values()) for (const resolve of waiting) resolve(null);
		this.#waiting.clear();
	}

	/** Playback is steady: other viewers may be connected to. */
	share(): void {
		if (this.#options.isShared) this.#swarm.start();
	}

	/** Says where on the broadcast's timeline playback is, in seconds. */
	playing(seconds: number): void {
		this.#handle({ type: "playhead", ms: Math.max(0, Math.round(seconds * 1000)) });
	}

	/**
	 * Follows a video rendition, and the first audio one. The one before goes on until
	 * left() is called.
	 */
	watch(name: string): void {
		const { renditions } = this.manifest;
		const wanted = renditions.findIndex((r) => r.name === name);
		if (wanted < 0 || this.#followed[0] === wanted) return;
		const isVideo = renditions[wanted]!.kind === kind.video;
		if (!isVideo && this.#followed.includes(wanted)) return;
		const audio = renditions.findIndex((r) => r.kind === kind.audio);
		this.#follow([wanted, ...(isVideo ? [audio] : [])].filter((r) => r >= 0));
	}

	#follow(renditions: number[]): void {
		const before = [...this.#followed, ...this.#kept];
		clearTimeout(this.#dropping);
		this.#dropping = undefined;
		this.#kept = [...new Set(before)].filter((r) => !renditions.includes(r));
		this.#followed = renditions;
		this.#handle({ type: "follow", renditions: [...renditions, ...this.#kept] });
		this.#swarm.follow(renditions);
	}

	/** Whether playback can go over to a rendition that is watched: all of it is there. */
	isReady(name: string): boolean {
		const rendition = this.#index(name);
		const timeline = this.#timelines.get(rendition);
		const { newest } = timeline ?? {};
		if (!timeline || !newest || timeline.edge < 0) return false;
		const hasInit = this.#inits.has(this.#initUrl(rendition, newest.init));
		return hasInit && timeline.isWhole(newest.number - 1);
	}

	/** Playback has gone over to what is watched: the one before is dropped a little later. */
	left(): void {
		if (this.#kept.length === 0 || this.#dropping !== undefined) return;
		this.#dropping = setTimeout(() => {
			for (const rendition of this.#kept) this.#timelines.delete(rendition);
			this.#kept = [];
			this.#dropping = undefined;
			this.#announced.clear();
			this.#handle({ type: "follow", renditions: this.#followed });
		}, keepSwitched);
	}

	/** Measures how quick the server sends a recent part of a rendition; null if it can't. */
	async probe(name: string): Promise<{ bytes: number; ms: number } | null> {
		const newest = this.#followed.map((r) => this.#timeline(r).newest)[0];
		if (!newest) return null;
		const url = `${this.base}${name}/p${Math.max(0, newest.number - probeBack)}.m4s`;
		try {
			const { bytes, first, last } = await get(url, this.#options.stats, this.#end.signal);
			return { bytes: bytes.length, ms: last - first };
		} catch {
			return null;
		}
	}

	/** Lets the playlists begin anew at the live edge, for a player that begins anew. */
	restart(): void {
		const [main, ...others] = this.#followed.map((r) => this.#timeline(r));
		const first = main?.restart(this.manifest.partHoldBack);
		if (first) for (const timeline of others) timeline.restartAt(first.start);
	}

	#rendition(index: number): Rendition {
		return this.manifest.renditions[index]!;
	}

	#timeline(rendition: number): Timeline {
		let timeline = this.#timelines.get(rendition);
		if (!timeline) {
			timeline = new Timeline();
			this.#timelines.set(rendition, timeline);
		}
		return timeline;
	}

	/** The timeline of a rendition, by its name. */
	timeline(name: string): Timeline | null {
		const rendition = this.#index(name);
		return rendition < 0 ? null : this.#timeline(rendition);
	}

	#index(name: string): number {
		return this.manifest.renditions.findIndex((r) => r.name === name);
	}

	#initUrl(rendition: number, number: number): string {
		return `${this.base}${this.#rendition(rendition).name}/init${number}.mp4`;
	}

	#takeHeads(heads: Head[], payload: Uint8Array, peer?: string): void {
		this.#headAt = performance.now();
		for (const head of heads) {
			if (!this.#followed.includes(head.rendition) && !this.#kept.includes(head.rendition))
				continue;
			const timeline = this.#timeline(head.rendition);
			// The parts that playback begins with are late by nature.
			if (timeline.edge >= 0) this.#announced.add(key(head));
			timeline.add(head);
		}
		this.#handle({ type: "heads", heads, payload, ...(peer === undefined ? {} : { peer }) });
		this.#settle();
	}

	/** Lets playback begin once the first heads have all come. */
	#settle(): void {
		const fresh = this.#followed.map((r) => this.#timeline(r)).filter((t) => t.edge < 0);
		if (fresh.length === 0) return;
		this.#settleBy ||= now() + settle.most;
		const isComplete = fresh.every((timeline) => timeline.newest !== undefined);
		const delay = isComplete ? Math.min(settle.quiet, this.#settleBy - now()) : settle.most;
		clearTimeout(this.#settling);
		this.#settling = setTimeout(() => {
			this.#settleBy = 0;
			for (const timeline of fresh) if (timeline.newest) timeline.begin();
			this.#tellEdge(fresh);
		}, delay);
	}

	/** The last part is at least this late, which tells how late parts are. */
	#tellEdge(fresh: Timeline[]): void {
		const edge = Math.min(...fresh.map((t) => t.newest?.programTime ?? Number.NaN));
		const delay = (this.#options.clock.now() - edge) / 1000;
		if (delay > 0) this.onArrival({ isMain: false, delay });
	}

	/** The broadcast is over: there are no more heads to come. */
	get isOver(): boolean {
		return (this.#options.trust.manifest?.ended ?? 0) > 0;
	}

	/** Milliseconds since the last head. */
	get quiet(): number {
		return performance.now() - this.#headAt;
	}

	/** Gets the newest init segments, before a playlist names them: parts wait for them. */
	#getInits(): void {
		for (const { name, inits } of this.#followed.map((r) => this.#rendition(r)))
			this.init(name, inits.length - 1).catch(() => {});
	}

	#takeManifest(manifest: Manifest): void {
		this.#getInits();
		if (manifest.ended > 0) for (const timeline of this.#timelines.values()) timeline.end();
		this.#options.onManifest(manifest);
	}

	/** Gives an event to the state machine, after what it is dealing with. */
	#handle(event: Event): void {
		this.#events.push(event);
		if (this.#isHandling) return;
		this.#isHandling = true;
		for (let next = this.#events.shift(); next; next = this.#events.shift())
			for (const action of this.#core.handle(next, now())) this.#act(action);
		this.#isHandling = false;
		const { stats } = this.#options;
		stats.rejectedChunks = this.#core.rejectedChunks;
		stats.httpParts = this.#core.parts.http;
		stats.p2pParts = this.#core.parts.p2p;
	}

	#act(action: Action): void {
		switch (action.type) {
			case "send":
				return this.#swarm.send(action.peer, action.bytes);
			case "close":
				return this.#swarm.close(action);
			case "feed":
				return this.#read(action.want);
			case "fetch":
				return this.#fetch(action);
			case "suspect":
			case "late":
				return this.#swarm.tell(action);
			case "abortFetch":
				return this.#fetches.abort(action);
			case "part":
				return this.#deliver(action, action.bytes);
			case "lost":
				this.#announced.delete(key(action));
				this.#timeline(action.rendition).lose(action.number);
				return this.#resolve(action, null);
		}
	}

	#read(want: readonly Want[]): void {
		this.#fed = want;
		const wanted = want.map((w) => ({ ...w, name: this.#rendition(w.rendition).name }));
		this.#feed.read(wanted);
	}

	#fetch(action: Action & { type: "fetch" }): void {
		const { rendition, number, first, count } = action;
		const head = this.#timeline(rendition).head(number);
		const url = `${this.base}${this.#rendition(rendition).name}/p${number}.m4s`;
		const chunks = head?.chunks.length ?? 0;
		if (!head || count === chunks) return void this.#fetches.start(action, url);
		const { start } = chunkRange(head.length, chunks, first);
		const { end } = chunkRange(head.length, chunks, first + count - 1);
		void this.#fetches.start(action, url, { start, end });
	}

	#deliver(part: PartName, bytes: Uint8Array): void {
		this.#timeline(part.rendition).ready(part.number);
		this.#tellArrival(part, bytes.length);
		this.#resolve(part, bytes);
	}

	#tellArrival(part: PartName, bytes: number): void {
		const head = this.#timeline(part.rendition).head(part.number);
		if (!this.#announced.delete(key(part)) || !head || bytes === 0) return;
		const delay = (this.#options.clock.now() - head.programTime) / 1000;
		this.onArrival({ isMain: part.rendition === this.#followed[0], delay });
	}

	/**
	 * The wall clock at a position on the broadcast's timeline (seconds), in
	 * milliseconds since 1970; null when nothing is known of it.
	 */
	dateAt(seconds: number): number | null {
		const main = this.#followed[0];
		const heads = main === undefined ? [] : this.#timeline(main).heads();
		const position = seconds * 1e6;
		const head = heads.findLast(({ start }) => start <= position) ?? heads[0];
		return head ? head.programTime + (position - head.start) / 1e3 : null;
	}

	/**
	 * Resolves when a rendition can begin to play, with the seconds before its first
	 * part; null when no heads come and the server's playlists have to do. The sound
	 * begins with the picture.
	 */
	async lead(name: string): Promise<number | null> {
		const timeline = this.timeline(name);
		while (!this.#end.signal.aborted && !(await timeline?.beyond(-1, headsWithin)))
			if (this.mayFallBack) return null;
		const start = timeline?.oldest?.start ?? 0;
		for (const other of this.#followed.map((r) => this.#timeline(r)))
			if (other !== timeline) other.restartAt(start);
		return timeline?.hasLead ? leadOf(this.manifest) / 1e6 : 0;
	}

	#resolve(part: PartName, bytes: Uint8Array | null): void {
		const waiting = this.#waiting.get(key(part));
		this.#waiting.delete(key(part));
		for (const resolve of waiting ?? []) resolve(bytes);
	}

	/** The multivariant playlist. */
	multivariant(): string {
		return multivariantPlaylist(this.manifest);
	}

	/** A rendition's playlist as it is now. */
	playlist(name: string): string {
		const timeline = this.#timeline(this.#index(name));
		const [first] = timeline.heads();
		if (first) this.#zero ??= first.programTime - first.start / 1e3;
		return timeline.playlist(this.manifest, this.#zero ?? 0);
	}

	/** A part, as soon as it is there; null when it can't be had in this way. */
	part(name: string, number: number): Promise<Uint8Array | null> {
		const rendition = this.#index(name);
		const part = { rendition, number };
		const isFollowed = [...this.#followed, ...this.#kept].includes(rendition);
		if (!isFollowed || !this.#timeline(rendition).head(number)) return Promise.resolve(null);
		return new Promise((resolve) => {
			const waiting = this.#waiting.get(key(part)) ?? [];
			this.#waiting.set(key(part), [...waiting, resolve]);
			this.#handle({ type: "demand", ...part });
		});
	}

	/** A whole segment, of the parts of it that are known; null without them. */
	async segment(name: string, msn: number): Promise<Uint8Array | null> {
		const heads = this.timeline(name)?.segment(msn) ?? [];
		const parts = await Promise.all(heads.map((head) => this.part(name, head.number)));
		const there = parts.filter((part) => part !== null);
		if (heads.length === 0 || there.length < parts.length) return null;
		const bytes = new Uint8Array(there.reduce((sum, part) => sum + part.length, 0));
		let at = 0;
		for (const part of there) {
			bytes.set(part, at);
			at += part.length;
		}
		return bytes;
	}

	/** An init segment, checked against the manifest. */
	init(name: string, number: number): Promise<Uint8Array> {
		const rendition = this.#index(name);
		const hash = this.#rendition(rendition)?.inits[number];
		const isFed = this.#fed.some((w) => w.rendition === rendition && w.stripes > 0);
		return this.#inits.get(this.#initUrl(rendition, number), hash, isFed ? initWithin : 0);
	}
}

const now = () => Math.round(performance.now());
