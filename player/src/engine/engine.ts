// The engine of one broadcast: it joins feed, peers and server, and answers what a
// player asks: playlists, init segments, parts. It knows nothing of hls.js.

import { Core } from "../peer/core.ts";
import type { Action, Event, Want } from "../peer/types.ts";
import { isWhole, leadOf, multivariantPlaylist } from "../playlist.ts";
import { chunkRange } from "../wire/chunks.ts";
import type { Head } from "../wire/heads.ts";
import type { Manifest } from "../wire/manifest.ts";
import type { PartName } from "../wire/messages.ts";
import { Arrivals } from "./arrivals.ts";
import { Feed } from "./feed.ts";
import { Fetches } from "./fetches.ts";
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
/** How long a rendition is kept after it was switched from. */
const keepSwitched = 1500;
/** How long the feed may take to bring an init segment, before it is fetched. */
const initWithin = 1500;
export class Engine {
	/** How much room the line has. */
	readonly measure: Measure;
	readonly #options: EngineOptions;
	/** The playlists' date of the broadcast's beginning, in milliseconds since 1970. */
	#zero: number | null = null;
	readonly #core: Core;
	readonly #feed: Feed;
	readonly #swarm: Swarm;
	readonly #tracks: Tracks;
	readonly #fetches: Fetches;
	readonly #inits: Inits;
	readonly #orders = new Orders();
	readonly #arrivals: Arrivals;
	readonly #end = new AbortController();
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

	constructor(options: EngineOptions) {
		this.#options = options;
		const { stream, epoch, base } = options.join;
		this.#fetches = new Fetches(options.stats, (event) => this.#handle(event));
		this.#inits = new Inits(options.stats, this.#end.signal);
		this.#tracks = new Tracks(base, () => this.manifest);
		this.#arrivals = new Arrivals(this.#tracks, options.clock, () => this.manifest);
		this.measure = new Measure(this.#tracks, options.stats, this.#end.signal);
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
			onLost: (retryAfter) => this.#handle({ type: "feedLost", retryAfter }),
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
		this.#handle({ type: "tick" });
	}

	stop(): void {
		this.#end.abort();
		this.#swarm.stop();
		clearInterval(this.#ticks);
		this.#arrivals.stop();
		clearTimeout(this.#dropping);
		this.#fetches.stop();
		this.#orders.cancel();
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
		const rendition = this.#tracks.index(name);
		const timeline = this.#tracks.timeline(rendition);
		const { oldest, newest } = timeline;
		if (!oldest || !newest || timeline.edge < 0) return false;
		const { inits } = this.#tracks.rendition(rendition);
		const hasInit =
			inits.length === 0 || this.#inits.has(this.#tracks.initUrl(rendition, newest.init));
		return hasInit && timeline.isWhole(isHurried ? oldest.number : newest.number - 1);
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
		this.#handle({ type: "heads", heads, payload, ...(peer === undefined ? {} : { peer }) });
		this.#arrivals.settle();
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
		for (const { name, inits } of this.#tracks.followed.map((r) => this.#tracks.rendition(r)))
			if (inits.length > 0) this.init(name, inits.length - 1).catch(() => {});
	}

	#takeManifest(manifest: Manifest): void {
		this.#getInits();
		if (manifest.ended > 0) this.#tracks.end();
		this.#options.onManifest(manifest);
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

	#read(want: readonly Want[]): void {
		const wanted = want.map((w) => ({ ...w, name: this.#tracks.rendition(w.rendition).name }));
		this.#feed.read(wanted);
	}

	#fetch(action: Action & { type: "fetch" }): void {
		const { rendition, number, first, count } = action;
		const head = this.#tracks.timeline(rendition).head(number);
		const url = this.#tracks.partUrl(rendition, number);
		const chunks = head?.chunks.length ?? 0;
		if (!head || count === chunks) return void this.#fetches.start(action, url);
		const { start } = chunkRange(head.length, chunks, first);
		const { end } = chunkRange(head.length, chunks, first + count - 1);
		void this.#fetches.start(action, url, { start, end });
	}

	#deliver(part: PartName, bytes: Uint8Array): void {
		this.#tracks.timeline(part.rendition).ready(part.number);
		if (bytes.length > 0) this.#arrivals.came(part);
		this.#orders.fill(part, bytes);
	}

	/**
	 * Seconds from hls.js's dates to the broadcast's timeline: the position of a moment
	 * that its playlist gives this date (milliseconds since 1970).
	 */
	positionAt(date: number): number | null {
		return this.#zero === null ? null : (date - this.#zero) / 1e3;
	}

	/** Whether the media's own times say nothing about the broadcast's timeline. */
	isForeign(name: string): boolean {
		return (this.#tracks.rendition(this.#tracks.index(name))?.container ?? 0) > 0;
	}

	/**
	 * The wall clock at a position on the broadcast's timeline (seconds), in
	 * milliseconds since 1970; null when nothing is known of it.
	 */
	dateAt(seconds: number): number | null {
		return this.#tracks.dateAt(seconds);
	}

	/** Whether the publisher was away at a position on the broadcast's timeline (seconds). */
	isAwayAt(seconds: number): boolean {
		return this.#tracks.isAwayAt(seconds);
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

	/** The multivariant playlist. */
	multivariant(): string {
		return multivariantPlaylist(this.manifest, this.#tracks.isSound);
	}

	/** A rendition's playlist as it is now. */
	playlist(name: string): string {
		const timeline = this.#tracks.timeline(this.#tracks.index(name));
		const [first] = timeline.heads();
		if (first) this.#zero ??= first.programTime - first.start / 1e3;
		const { inits } = this.#tracks.rendition(this.#tracks.index(name));
		return timeline.playlist(this.manifest, inits.length > 0, this.#zero ?? 0);
	}

	/** A part, as soon as it is there; null when it can't be had in this way. */
	part(name: string, number: number): Promise<Uint8Array | null> {
		const rendition = this.#tracks.index(name);
		const part = { rendition, number };
		const isKnown = this.#tracks.timeline(rendition).head(number) !== undefined;
		if (!isKnown || !this.#tracks.all.includes(rendition)) return Promise.resolve(null);
		const order = this.#orders.wait(part);
		this.#handle({ type: "demand", ...part });
		return order;
	}

	/** A whole segment, of the parts of it that are known; null without them. */
	async segment(name: string, msn: number): Promise<Uint8Array | null> {
		const heads = this.timeline(name)?.segment(msn) ?? [];
		return joined(await Promise.all(heads.map((head) => this.part(name, head.number))));
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
