// <live-relay src="https://host/live/demo" public-key="…">: a video that plays a
// stream, waits while there is none, and shares what it gets with other viewers.
// docs/player.md has what pages may rely on.
import type { LiveRelayEventMap, QualityChoice } from "./api.ts";
import { listen } from "./keys.ts";
import { announce } from "./mediasession.ts";
import type { Mode } from "./net/join.ts";
import { attributes, looks, type Options, readOptions } from "./options.ts";
import { Player } from "./player.ts";
import { serveRemote } from "./remote.ts";
import { emptyStats, type State, type Stats } from "./stats.ts";

/** How a browser tells what can be sought. */
const browsers = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "seekable")
	?.get as () => TimeRanges;

/** Events of the video that the element has, too. */
const forwarded = ["play", "pause", "volumechange", "timeupdate", "seeked"] as const;

export class LiveRelayElement extends HTMLElement {
	static readonly observedAttributes: readonly string[] = attributes;

	readonly #video = document.createElement("video");
	readonly #root = this.attachShadow({ mode: "open" });
	#player: Player | null = null;
	#end = new AbortController();
	/** Opened once already: before that, attributes are read when it is connected. */
	#isOpen = false;
	#isReopening = false;

	constructor() {
		super();
		const video = this.#video;
		video.part.add("video");
		video.muted = true;
		video.playsInline = true;
		video.disableRemotePlayback = true;
		// What media-chrome wants to know of a live stream.
		Object.defineProperties(video, {
			streamType: { value: "live" },
			targetLiveWindow: { value: Number.POSITIVE_INFINITY },
			seekable: { get: () => this.#seekable },
			liveEdgeStart: { get: () => (this.isLive ? 0 : Number.MAX_VALUE) },
		});
		for (const name of forwarded) video.addEventListener(name, () => this.#emit(name, null));
	}

	/** The video element inside. */
	get media(): HTMLVideoElement {
		return this.#video;
	}

	/** What the player says of itself: a copy, as of now. */
	get stats(): Stats {
		return { ...(this.#player?.stats ?? emptyStats()) };
	}

	get state(): State {
		return this.stats.state;
	}

	/** The stream's title; empty until the server told it. */
	get streamTitle(): string {
		return this.#player?.title ?? "";
	}

	/** Seconds behind live; 0 while unknown. */
	get latency(): number {
		return this.stats.latency;
	}

	/** Playback is about as close to live as it aims to be. */
	get isLive(): boolean {
		return this.#player?.isLive ?? false;
	}

	/** The viewer's mode. */
	get p2p(): Mode {
		return this.#player?.mode ?? "auto";
	}

	set p2p(mode: Mode) {
		this.#player?.setMode(mode);
	}

	/** What there is to choose from. */
	get qualities(): readonly QualityChoice[] {
		return this.#player?.qualities ?? [];
	}

	/** The name of what was chosen, or "auto". */
	get quality(): string {
		return this.#player?.chosen ?? "auto";
	}

	set quality(name: string) {
		this.#player?.choose(name === "auto" ? null : name);
	}

	get paused(): boolean {
		return this.#video.paused;
	}

	get muted(): boolean {
		return this.#video.muted;
	}

	set muted(isMuted: boolean) {
		this.#video.muted = isMuted;
	}

	/** From 0 to 1. */
	get volume(): number {
		return this.#video.volume;
	}

	set volume(volume: number) {
		this.#video.volume = Math.min(1, Math.max(0, Number(volume) || 0));
	}

	/** On a timeline of the player's own; seconds. */
	get currentTime(): number {
		return this.#video.currentTime;
	}

	set currentTime(seconds: number) {
		this.#player?.seek(seconds);
	}

	/** Begins, or goes on at the live edge. */
	async play(): Promise<void> {
		// What begins now plays by itself.
		if (!this.#player?.begin()) await this.#video.play();
	}

	pause(): void {
		this.#video.pause();
	}

	/** Jumps to the live edge. */
	goLive(): void {
		this.#player?.goLive();
	}

	/** Events of the element's own come with their types. */
	override addEventListener<K extends keyof LiveRelayEventMap>(
		type: K,
		listener: (event: LiveRelayEventMap[K]) => void,
		options?: boolean | AddEventListenerOptions,
	): void;
	override addEventListener(
		type: string,
		listener: EventListenerOrEventListenerObject,
		options?: boolean | AddEventListenerOptions,
	): void;
	override addEventListener(
		type: string,
		listener: EventListenerOrEventListenerObject,
		options?: boolean | AddEventListenerOptions,
	): void {
		super.addEventListener(type, listener, options);
	}

	connectedCallback(): void {
		this.#isOpen = true;
		this.#open();
	}

	disconnectedCallback(): void {
		this.#isOpen = false;
		this.#close();
	}

	attributeChangedCallback(name: string): void {
		if (name === "color") this.#paint();
		// Several attributes may change at once.
		if (!this.#isOpen || this.#isReopening || looks.includes(name)) return;
		this.#isReopening = true;
		queueMicrotask(() => {
			this.#isReopening = false;
			if (this.#isOpen) this.#open();
		});
	}

	/** What can be gone back to: what this player has seen, more than the browser knows. */
	get #seekable(): TimeRanges {
		const known = this.#player?.seekable;
		if (!known) return browsers.call(this.#video);
		return { length: 1, start: () => known.start, end: () => known.end };
	}

	#emit<K extends keyof LiveRelayEventMap>(name: K, detail: LiveRelayEventMap[K]["detail"]): void {
		this.dispatchEvent(new CustomEvent(name, { detail }));
	}

	#close(): void {
		this.#end.abort();
		this.#player?.stop();
		this.#player = null;
	}

	#paint(): void {
		const { color } = readOptions(this, document.baseURI);
		if (color) this.style.setProperty("--live-relay-accent", color);
		else this.style.removeProperty("--live-relay-accent");
	}

	#open(): void {
		this.#close();
		const options = readOptions(this, document.baseURI);
		if (!options.src) return;
		this.#end = new AbortController();
		this.#video.muted = options.muted;
		const emit = this.#emit.bind(this);
		const player = new Player(options, this, this.#root, this.#video, emit);
		this.#player = player;
		player.captions.adopt(this.querySelectorAll<HTMLTrackElement>(":scope > track"));
		this.#listen(player, options);
		player.start();
		if (this.hasAttribute("remote")) serveRemote(this, this.#end.signal);
	}

	#listen(player: Player, options: Options): void {
		const { signal } = this.#end;
		const video = this.#video;
		const actions = {
			togglePlay: () => (video.paused ? void this.play().catch(() => {}) : video.pause()),
			toggleMute: () => {
				video.muted = !video.muted;
			},
			toggleFullscreen: () => player.view.toggleFullscreen(),
			toggleCaptions: () => player.toggleCaptions(),
			togglePictureInPicture: () => player.view.togglePictureInPicture(),
			toggleStatistics: () => player.view.toggleStatistics(),
			seekBy: (seconds: number) => player.seek(video.currentTime + seconds),
			seekTo: (share: number) => player.seekTo(share),
			volumeBy: (change: number) => {
				this.volume = video.volume + change;
				video.muted = video.volume === 0;
			},
			goLive: () => this.goLive(),
			play: () => void this.play().catch(() => {}),
			pause: () => video.pause(),
		};
		listen(options.keys === "page" ? document : this, actions, signal);
		const { src } = options;
		const site = new URL(src).host;
		const tell = () => announce(player.title || src, site, options.poster, actions, signal);
		this.addEventListener("titlechange", tell, { signal });
	}
}
