// The engine of one broadcast: it joins feed, peers and server, and answers what a
// player asks: playlists, init segments, parts. It knows nothing of hls.js.

import { Core } from "../peer/core.ts";
import type { Action, Event } from "../peer/types.ts";
import { isWhole, leadOf } from "../playlist.ts";
import type { Stats } from "../stats.ts";
import type { Head } from "../wire/heads.ts";
import type { Manifest } from "../wire/manifest.ts";
import type { PartName } from "../wire/messages.ts";
import { Arrivals } from "./arrivals.ts";
import { Feed } from "./feed.ts";
import { Fetches } from "./fetches.ts";
import { Guide } from "./guide.ts";
import { Inits } from "./inits.ts";
import { Measure } from "./measure.ts";
import { joined, Orders } from "./orders.ts";
import { Swarm } from "./swarm.ts";
import type { Timeline } from "./timeline.ts";
import { Tracks } from "./tracks.ts";
import type { Arrival, EngineOptions } from "./types.ts";

const agent = "liverelay-player/0.1";
const tickEvery = 50;
/** Without heads for this long, the server's playlists are used. */
const headsWithin = 4000;
/** Who had no heads for so long goes on at live, not where they ceased. */
const staleAfter = 6000;
/** How long a rendition is kept after it was switched from. */
const keepSwitched = 1500;
/** How long the feed may take to bring an init segment, before it is fetched. */
const initWithin = 1500;
export class Engine {
	/** How much room the line has. */
	readonly measure: Measure;
	/** What players are told of the broadcast. */
	readonly guide: Guide;
	readonly #options: EngineOptions;
	readonly #core: Core;
	readonly #feed: Feed;
	readonly #swarm: Swarm;
	readonly #tracks: Tracks;
	readonly #fetches: Fetches;
	readonly #inits: Inits;
	readonly #orders = new Orders((part) => this.#handle({ type: "release", ...part }));
	readonly #arrivals: Arrivals;
	readonly #end = new AbortController();
	/** Where on the broadcast's timeline playback is, in whole milliseconds; -1 before it began. */
	playhead: () => number = () => -1;
	/** Called when the server has to make up for what other viewers did not bring. */
	onRescue: () => void = () => {};
	/** Called with what the server sent at one go, and how many milliseconds that took. */
	onBurst: (bytes: number, ms: number) => void = () => {};
	/** What was handed to the state machine while it dealt with something. */
	readonly #events: Event[] = [];
	#isHandling = false;
	#dropping: ReturnType<typeof setTimeout> | undefined;
	#ticks: ReturnType<typeof setInterval> | undefined;
	#headAt = performance.now();
	#upload: number;
	/** What there was when it began. */
	readonly #before: Stats;

	constructor(options: EngineOptions) {
		this.#options = options;
		this.#upload = options.upload;
		this.#before = { ...options.stats };
		const { stream, epoch, base } = options.join;
		this.#fetches = new Fetches(options.stats, (event) => this.#handle(event));
		this.#inits = new Inits(options.stats, this.#end.signal);
		this.#tracks = new Tracks(base, () => this.manifest);
		this.guide = new Guide(this.#tracks, () => this.manifest);
		this.#arrivals = new Arrivals(this.#tracks, options.clock, () => this.manifest);
		this.measure = new Measure(this.#tracks, options.stats);
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
				const { inits } = this.#tracks.rendition(rendition);
				this.#inits.put(this.#tracks.initUrl(rendition, number), bytes, inits[number]);
			},
			onLost: (retryAfter) => {
				if (retryAfter > 0) this.share(); // others have it
				this.#handle({ type: "feedLost", retryAfter });
			},
			onGone: options.onGone,
			onBurst: (bytes, ms) => this.onBurst(bytes, ms),
			onPiece: (bytes) => this.measure.came(bytes, this.#feed),
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
		this.#ticks = setInterval(() => this.#tick(), tickEvery);
	}

	#tick(): void {
		this.#swarm.look();
		// What is due is a matter of tens of milliseconds.
		this.#handle({ type: "playhead", ms: this.playhead() });
		this.#handle({ type: "tick" });
	}

	stop(): void {
		this.#swarm.stop();
		this.#end.abort();
		clearInterval(this.#ticks);
		this.#arrivals.stop();
		clearTimeout(this.#dropping);
		this.#fetches.stop();
		this.#orders.cancel();
	}

	/** Playback is steady: other viewers may be connected to. */
	share(): void {
		if (this.#options.isShared) this.#swarm.start(this.#upload);
	}

	/** Leaves the other viewers, at once; share() comes back to them. */
	leave(): void {
		this.#swarm.stop();
	}

	/** Lends as much as this from now on (EngineOptions). */
	setUpload(upload: number): void {
		if (upload === this.#upload) return;
		this.#upload = upload;
		// What neighbours and tracker were told can't be taken back: share() says it anew.
		this.leave();
		this.#core.lend(upload);
	}

	/**
	 * Follows a video rendition, and the first audio one. The one before goes on until
	 * left() is called; or, when the line is too slow for it, ends at once.
	 */
	watch(name: string, endsBefore = false): void {
		const renditions = this.#tracks.wish(name);
		if (renditions) this.#follow(renditions, endsBefore, endsBefore);
	}

	/** Follows an audio rendition alone. */
	listen(name: string): void {
		this.#follow([this.#tracks.index(name)], true);
	}

	#follow(renditions: readonly number[], endsBefore: boolean, isHurried = false): void {
		clearTimeout(this.#dropping);
		this.#dropping = undefined;
		for (const rendition of this.#tracks.follow(renditions, !endsBefore)) {
			this.#orders.cancel(rendition);
			this.#tracks.forget(rendition);
		}
		this.#feed.isHurried = isHurried;
		this.#handle({ type: "follow", renditions: this.#tracks.all });
		this.#feed.isHurried = false;
		this.#swarm.follow(renditions, isHurried);
	}

	/** Whether a rendition comes in. */
	isWatched(name: string): boolean {
		return this.#tracks.all.includes(this.#tracks.index(name));
	}

	/**
	 * Whether playback can go over to a rendition that is watched: all of it is there; or
	 * in a hurry, what it begins with.
	 */
	isReady(name: string, isHurried: boolean): boolean {
		return this.#tracks.isReady(name, isHurried, (url) => this.#inits.has(url));
	}

	/** Playback has gone over to what is watched: the one before is dropped a little later. */
	left(): void {
		if (this.#tracks.kept.length === 0 || this.#dropping !== undefined) return;
		this.#dropping = setTimeout(() => {
			for (const rendition of this.#tracks.kept) this.#orders.cancel(rendition);
			this.#tracks.release();
			this.#dropping = undefined;
			this.#arrivals.forgetAll();
			this.#handle({ type: "follow", renditions: [...this.#tracks.followed] });
		}, keepSwitched);
	}

	/** Lets the playlists begin anew at the live edge, for a player that begins anew. */
	restart(): void {
		const [main, ...others] = this.#tracks.timelines;
		const first = main?.restart(this.manifest.partHoldBack);
		if (first) for (const timeline of others) timeline.restartAt(first.start);
	}

	/** The timeline of a rendition, by its name. */
	timeline(name: string): Timeline | null {
		const rendition = this.#tracks.index(name);
		return rendition < 0 ? null : this.#tracks.timeline(rendition);
	}

	#takeHeads(heads: Head[], payload: Uint8Array, peer?: string): void {
		this.#headAt = performance.now();
		for (const head of heads) {
			if (!this.#tracks.all.includes(head.rendition)) continue;
			this.#arrivals.announce(head);
			this.#tracks.timeline(head.rendition).add(head);
		}
		this.#handle({ type: "heads", heads, payload, peer });
		this.#arrivals.settle();
	}

	/** The broadcast is over: there are no more heads to come. */
	get isOver(): boolean {
		return (this.#options.trust.manifest?.ended ?? 0) > 0;
	}

	/** Nothing came for longer than a server that is there lets anybody wait. */
	get isCutOff(): boolean {
		return this.quiet > this.#feed.patience;
	}

	/** Milliseconds since the last head. */
	get quiet(): number {
		return performance.now() - this.#headAt;
	}

	/** Gets the newest init segments, before a playlist names them: parts wait for them. */
	#getInits(): void {
		for (const { name, inits } of this.#tracks.followed.map((r) => this.#tracks.rendition(r)))
			if (inits.length > 0) this.init(name, inits.length - 1).catch(() => {});
	}

	#takeManifest(manifest: Manifest): void {
		this.#getInits();
		if (manifest.ended > 0) this.#tracks.end();
	}

	/** Called for each part of a followed rendition that comes in at the live edge. */
	set onArrival(called: (arrival: Arrival) => void) {
		this.#arrivals.onArrival = called;
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
		const { http, p2p } = this.#core.parts;
		stats.rejectedChunks = this.#before.rejectedChunks + this.#core.rejectedChunks;
		stats.httpParts = this.#before.httpParts + http;
		stats.p2pParts = this.#before.p2pParts + p2p;
	}

	#act(action: Action): void {
		switch (action.type) {
			case "send":
				return this.#swarm.send(action.peer, action.bytes);
			case "close":
				return this.#swarm.close(action);
			case "feed":
				return this.#read(action);
			case "fetch":
				if (this.#options.stats.peers > 0) this.onRescue();
				return this.#fetch(action);
			case "suspect":
			case "late":
				return this.#swarm.tell(action);
			case "abortFetch":
				return this.#fetches.abort(action);
			case "part":
				return this.#deliver(action, action.bytes);
			case "lost":
				this.#arrivals.forget(action);
				this.#tracks.timeline(action.rendition).lose(action.number);
				return this.#orders.fill(action, null);
		}
	}

	#read({ want, seed }: Action & { type: "feed" }): void {
		const isStale = this.quiet > staleAfter;
		const wanted = want.map((w) => {
			const { name } = this.#tracks.rendition(w.rendition);
			return { ...w, name, from: isStale ? -1 : w.from };
		});
		this.#feed.read(wanted, seed);
	}

	#fetch({ rendition, number }: Action & { type: "fetch" }): void {
		const url = this.#tracks.partUrl(rendition, number);
		void this.#fetches.start({ rendition, number }, url, this.#core.range({ rendition, number }));
	}

	#deliver(part: PartName, bytes: Uint8Array): void {
		this.#tracks.timeline(part.rendition).ready(part.number);
		if (bytes.length > 0) this.#arrivals.came(part);
		this.#orders.fill(part, bytes);
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
		for (const other of this.#tracks.timelines) if (other !== timeline) other.restartAt(start);
		return timeline?.hasLead ? leadOf(this.manifest) / 1e6 : 0;
	}

	/**
	 * Seconds behind live that a player keeps at least. Whole segments are played as HLS
	 * usually is, three of them behind (RFC 8216 §6.3.3): one is being made, the next is
	 * handed on, and one is there for what comes late.
	 */
	leastBehind(name: string): number {
		if (!isWhole(this.manifest)) return 0;
		return (3 * (this.timeline(name)?.longestSegment || this.manifest.targetDuration)) / 1e6;
	}

	/** A part, as soon as it is there; null when it can't be had in this way, or `left`. */
	part(name: string, number: number, left?: AbortSignal): Promise<Uint8Array | null> {
		const rendition = this.#tracks.index(name);
		const part = { rendition, number };
		const isKnown = this.#tracks.timeline(rendition).head(number) !== undefined;
		if (!isKnown || !this.#tracks.all.includes(rendition)) return Promise.resolve(null);
		const order = this.#orders.wait(part, left);
		this.#handle({ type: "demand", ...part });
		return order;
	}

	/** A whole segment, of the parts of it that are known; null without them. */
	async segment(name: string, msn: number, left?: AbortSignal): Promise<Uint8Array | null> {
		const heads = this.timeline(name)?.segment(msn) ?? [];
		return joined(await Promise.all(heads.map((head) => this.part(name, head.number, left))));
	}

	/** An init segment, checked against the manifest. */
	init(name: string, number: number): Promise<Uint8Array> {
		const rendition = this.#tracks.index(name);
		const hash = this.#tracks.rendition(rendition)?.inits[number];
		const isFed = this.#feed.stripes(name) > 0;
		const url = this.#tracks.initUrl(rendition, number);
		return this.#inits.get(url, hash, isFed ? initWithin : 0);
	}
}

const now = () => Math.round(performance.now());
