// The engine of one broadcast: it joins feed, peers and server, and answers what a
// player asks: playlists, init segments, parts. It knows nothing of hls.js.
import { Core } from "../peer/core.ts";
import { type Action, constants, type Event } from "../peer/types.ts";
import { leadOf, multivariantPlaylist } from "../playlist.ts";
import type { Head } from "../wire/heads.ts";
import { kind, type Manifest, type Rendition } from "../wire/manifest.ts";
import type { PartName } from "../wire/messages.ts";
import { Feed } from "./feed.ts";
import { Fetches, key } from "./fetches.ts";
import type { Answer } from "./http.ts";
import { Inits } from "./inits.ts";
import { Swarm } from "./swarm.ts";
import { Timeline } from "./timeline.ts";
import type { Arrival, Delivery, EngineOptions } from "./types.ts";

const agent = "liverelay-player/0.1";
const tickEvery = 50;
/** Without heads for this long, the server's playlists are used. */
const headsWithin = 4000;
/** How long the first heads may take to become complete. */
const settle = { quiet: 40, most: 400 };
/** Parts that are asked for in one go after an interruption; beyond, playback begins anew. */
const catchUpBy = 32;
/** How long a rendition that was switched from is kept. */
const keepSwitched = 3000;

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
	readonly #waiting = new Map<string, ((delivery: Delivery | null) => void)[]>();
	readonly #end = new AbortController();
	/** Parts that were announced while playing, and have not come yet. */
	readonly #announced = new Set<string>();
	/** Called for each part of a followed rendition that comes in at the live edge. */
	onArrival: (arrival: Arrival) => void = () => {};
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
			next: (name) => this.#next(name),
			onHeads: (heads) => this.#takeHeads(heads),
			onManifest: (manifest) => this.#takeManifest(manifest),
		});
		this.#swarm = new Swarm({
			...options,
			agent,
			handle: (event) => this.#handle(event),
			onHeads: (heads, peer) => this.#takeHeads(heads, peer),
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

	/** Says how much media is ahead of the playhead. */
	buffered(ms: number): void {
		this.#handle({ type: "buffer", ms: Math.max(0, Math.round(ms)) });
	}

	/** Follows a video rendition, and the first audio one; drops the one before a little later. */
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
		this.#kept = this.#followed.filter((r) => !renditions.includes(r));
		this.#followed = renditions;
		this.#getInits();
		this.#handle({ type: "follow", renditions: [...renditions, ...this.#kept] });
		this.#feed.read(renditions.map((r) => this.#rendition(r).name));
		clearTimeout(this.#dropping);
		this.#dropping = setTimeout(() => {
			for (const rendition of this.#kept) this.#timelines.delete(rendition);
			this.#kept = [];
			this.#announced.clear();
			this.#handle({ type: "follow", renditions: this.#followed });
		}, keepSwitched);
	}

	/** Gets the newest init segments, before a playlist names them: parts wait for them. */
	#getInits(): void {
		for (const { name, inits } of this.#followed.map((r) => this.#rendition(r)))
			this.init(name, inits.length - 1).catch(() => {});
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

	#next(name: string): number | null {
		const newest = this.timeline(name)?.newest;
		return newest ? newest.number + 1 : null;
	}

	#takeHeads(heads: Head[], peer?: string): void {
		this.#headAt = performance.now();
		for (const head of heads) {
			if (!this.#followed.includes(head.rendition)) continue;
			const timeline = this.#timeline(head.rendition);
			// The parts that playback begins with are late by nature.
			if (timeline.edge >= 0) this.#announced.add(key(head));
			timeline.add(head);
		}
		this.#handle({ type: "heads", heads, ...(peer === undefined ? {} : { peer }) });
		this.#settle();
		for (const rendition of this.#followed) this.#catchUp(rendition);
	}

	/** After heads that came late, asks for the parts that nobody saw to meanwhile. */
	#catchUp(rendition: number): void {
		const { edge, newest } = this.#timeline(rendition);
		const last = (newest?.number ?? 0) + 1 - constants.AHEAD;
		if (edge < 0 || last <= edge) return;
		for (let number = Math.max(edge, last - catchUpBy) + 1; number <= last; number++)
			this.#handle({ type: "demand", rendition, number });
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
			this.#prefetch(fresh);
		}, delay);
	}

	/** Asks for the parts that playback begins with, in the order in which it needs them. */
	#prefetch(fresh: Timeline[]): void {
		const heads = fresh.flatMap((timeline) => timeline.heads());
		heads.sort((a, b) => a.start - b.start);
		for (const { rendition, number } of heads) this.#handle({ type: "demand", rendition, number });
		const edge = Math.min(...fresh.map((t) => t.newest?.programTime ?? Number.NaN));
		// The last part is at least this late, which tells how late parts are.
		const delay = (this.#options.clock.now() - edge) / 1000;
		if (delay > 0) this.onArrival({ isMain: false, delay, isLate: false, bytes: 0, ms: null });
	}

	/** The broadcast is over: there are no more heads to come. */
	get isOver(): boolean {
		return (this.#options.trust.manifest?.ended ?? 0) > 0;
	}

	/** Milliseconds since the last head. */
	get quiet(): number {
		return performance.now() - this.#headAt;
	}

	#takeManifest(manifest: Manifest): void {
		this.#getInits();
		if (manifest.ended > 0) for (const timeline of this.#timelines.values()) timeline.end();
		this.#options.onManifest(manifest);
	}

	#handle(event: Event): void {
		const actions = this.#core.handle(event, now());
		this.#options.stats.rejectedChunks = this.#core.rejectedChunks;
		for (const action of actions) this.#act(action);
	}

	#act(action: Action): void {
		switch (action.type) {
			case "send":
				return this.#swarm.send(action.peer, action.bytes);
			case "close":
				return this.#swarm.close(action);
			case "fetch":
				return this.#fetch(action);
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

	#fetch(part: PartName): void {
		const { rendition, number } = part;
		// What the broadcast ended before is not there to be waited for.
		if (this.isOver && number > (this.#timeline(rendition).newest?.number ?? -1)) return;
		const url = `${this.base}${this.#rendition(rendition).name}/p${number}.m4s`;
		void this.#fetches.start(part, url);
	}

	#deliver(part: PartName, bytes: Uint8Array): void {
		const timeline = this.#timeline(part.rendition);
		const answer = this.#fetches.answerTo(part);
		if (timeline.ready(part.number) && bytes.length > 0) {
			if (answer) this.#options.stats.httpParts++;
			else this.#options.stats.p2pParts++;
		}
		this.#tellArrival(part, bytes.length, answer);
		this.#resolve(part, { bytes, answer });
	}

	#tellArrival(part: PartName, bytes: number, answer: Answer | null): void {
		const head = this.#timeline(part.rendition).head(part.number);
		if (!this.#announced.delete(key(part)) || !head || bytes === 0) return;
		const ms = answer ? answer.last - answer.first : null;
		this.onArrival({
			isMain: part.rendition === this.#followed[0],
			delay: (this.#options.clock.now() - head.programTime) / 1000,
			isLate: ms !== null && ms > (0.8 * head.duration) / 1000,
			bytes,
			ms,
		});
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

	#resolve(part: PartName, delivery: Delivery | null): void {
		const waiting = this.#waiting.get(key(part));
		this.#waiting.delete(key(part));
		for (const resolve of waiting ?? []) resolve(delivery);
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
	part(name: string, number: number): Promise<Delivery | null> {
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
	async segment(name: string, msn: number): Promise<Delivery | null> {
		const heads = this.timeline(name)?.segment(msn) ?? [];
		const parts = await Promise.all(heads.map((head) => this.part(name, head.number)));
		const there = parts.filter((part) => part !== null);
		if (heads.length === 0 || there.length < parts.length) return null;
		const bytes = new Uint8Array(there.reduce((sum, part) => sum + part.bytes.length, 0));
		let at = 0;
		for (const part of there) {
			bytes.set(part.bytes, at);
			at += part.bytes.length;
		}
		return { bytes, answer: there.at(-1)?.answer ?? null };
	}

	/** An init segment, checked against the manifest. */
	init(name: string, number: number): Promise<Uint8Array> {
		const hash = this.#rendition(this.#index(name))?.inits[number];
		return this.#inits.get(`${this.base}${name}/init${number}.mp4`, hash);
	}
}

const now = () => Math.round(performance.now());
