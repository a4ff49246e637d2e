// <live-relay src="https://host/live/demo" public-key="…">: a video that plays a
// stream, waits while there is none, and shares what it gets with other viewers.
import Hls from "hls.js";
import { fromBase64 } from "./crypto.ts";
import type { Engine } from "./engine/engine.ts";
import { Playback } from "./hls/playback.ts";
import { isMode, type Join, type Mode } from "./net/join.ts";
import { Session } from "./session.ts";
import { emptyStats, type State, type Stats } from "./stats.ts";
import { Overlay } from "./ui/overlay.ts";

const updateEvery = 500;

export class LiveRelayElement extends HTMLElement {
	static readonly observedAttributes = ["src", "public-key", "p2p"];

	readonly #video = document.createElement("video");
	readonly #overlay: Overlay;
	#stats = emptyStats();
	#session: Session | null = null;
	#playback: Playback | null = null;
	#updates: ReturnType<typeof setInterval> | undefined;
	/** Opened once already: before that, attributes are read when it is connected. */
	#isOpen = false;
	#isReopening = false;

	constructor() {
		super();
		const root = this.attachShadow({ mode: "open" });
		this.#video.part.add("video");
		this.#video.muted = true;
		this.#video.controls = true;
		this.#video.playsInline = true;
		this.#video.disableRemotePlayback = true;
		root.append(this.#video);
		this.#overlay = new Overlay(root);
	}

	/** The video element inside. */
	get media(): HTMLVideoElement {
		return this.#video;
	}

	/** What the player says of itself: a copy, as of now. */
	get stats(): Stats {
		return { ...this.#stats };
	}

	/** The viewer's wish: "auto" shares, every other value does not (yet). */
	get p2p(): Mode {
		const value = this.getAttribute("p2p");
		return isMode(value) ? value : "auto";
	}

	/** Jumps to the live edge. */
	goLive(): void {
		this.#playback?.goLive();
	}

	connectedCallback(): void {
		this.#video.controls = this.getAttribute("controls") !== "false";
		this.#isOpen = true;
		this.#open();
	}

	disconnectedCallback(): void {
		this.#isOpen = false;
		this.#close();
	}

	attributeChangedCallback(): void {
		// Several attributes may change at once.
		if (!this.#isOpen || this.#isReopening) return;
		this.#isReopening = true;
		queueMicrotask(() => {
			this.#isReopening = false;
			if (this.#isOpen) this.#open();
		});
	}

	#close(): void {
		clearInterval(this.#updates);
		this.#playback?.stop();
		this.#session?.stop();
		this.#playback = null;
		this.#session = null;
	}

	#open(): void {
		this.#close();
		const attribute = this.getAttribute("src");
		if (!attribute) return;
		const src = new URL(attribute, document.baseURI).href.replace(/[?#].*$/, "").replace(/\/$/, "");
		this.#stats = emptyStats();
		this.#overlay.show({ title: "Connecting", isBusy: true });
		const key = this.getAttribute("public-key");
		const publicKey = key ? fromBase64(key) : null;
		if (key && publicKey?.length !== 32)
			return this.#fail("The public key of this page is not one.", false);
		if (!Hls.isSupported()) return this.#playNatively(src);
		this.#session = new Session({
			src,
			publicKey,
			mode: this.p2p,
			stats: this.#stats,
			handlers: {
				onWaiting: (title) => this.#wait(title),
				onLive: (engine, joined) => this.#play(engine, joined),
				onEnding: () => {},
				onTrouble: (reason) => this.#trouble(reason),
				onRefused: (reason) => this.#fail(reason, false),
			},
		});
		this.#session.start();
		this.#updates = setInterval(() => this.#overlay.update(this.#stats), updateEvery);
	}

	/** Without media source extensions the browser plays HLS itself, alone. */
	#playNatively(src: string): void {
		const video = this.#video;
		if (!video.canPlayType("application/vnd.apple.mpegurl"))
			return this.#fail("This browser can't play live video.", false);
		video.src = `${src}/index.m3u8`;
		video.addEventListener("playing", () => this.#overlay.show(null), { once: true });
		void video.play().catch(() => this.#blocked());
	}

	#enter(state: State): void {
		this.#stats.state = state;
		this.dispatchEvent(new CustomEvent("statechange", { detail: state }));
	}

	#wait(title: string): void {
		this.#enter("waiting");
		this.#overlay.show({
			title: title || "Not live yet",
			text: "The stream has not begun. It starts here by itself when it does.",
			isBusy: true,
		});
	}

	#play(engine: Engine, joined: Join): void {
		this.#playback?.stop();
		const video = this.#video;
		if (joined.title) video.setAttribute("aria-label", joined.title);
		this.#enter("starting");
		this.#overlay.show({ title: "Starting", isBusy: true });
		video.addEventListener("playing", () => this.#overlay.show(null), { once: true });
		if (!this.#session) return;
		this.#playback = new Playback({
			video,
			engine,
			clock: this.#session.clock,
			stats: this.#stats,
			openedAt: performance.now(),
			onBlocked: () => this.#blocked(),
			onEnded: () => this.#ended(),
			onFailed: (reason) => this.#fail(`Playback failed (${reason}).`, true),
		});
		this.#playback.start();
	}

	#blocked(): void {
		const run = () => {
			this.#overlay.show(null);
			void this.#video.play();
		};
		this.#overlay.show({ title: "Ready", action: { label: "Play", run } });
	}

	#ended(): void {
		this.#playback?.stop();
		this.#playback = null;
		this.#enter("ended");
		this.#overlay.show({
			title: "The stream has ended",
			text: "If it begins again, it starts here by itself.",
		});
		this.#session?.next();
	}

	#trouble(reason: string): void {
		if (this.#playback) return;
		this.#enter("interrupted");
		this.#overlay.show({ title: "Connection lost", text: reason, isBusy: true });
	}

	#fail(reason: string, canRetry: boolean): void {
		this.#close();
		this.#enter("error");
		this.#overlay.show({
			title: "This stream can't be played",
			text: reason,
			...(canRetry ? { action: { label: "Try again", run: () => this.#open() } } : {}),
		});
	}
}
