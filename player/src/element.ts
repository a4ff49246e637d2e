// <live-relay src="https://host/live/demo" public-key="…">: a video that plays a
// stream, waits while there is none, and shares what it gets with other viewers.
import Hls from "hls.js";
import { fromBase64 } from "./crypto.ts";
import type { Engine } from "./engine/engine.ts";
import { Playback } from "./hls/playback.ts";
import { isMode, type Join, type Mode } from "./net/join.ts";
import { Session, type Trouble } from "./session.ts";
import { emptyStats, type State, type Stats } from "./stats.ts";
import { Overlay, type Panel } from "./ui/overlay.ts";
import { words } from "./ui/words.ts";

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
		this.#show({ title: words.connecting, isBusy: true });
		const key = this.getAttribute("public-key");
		const publicKey = key ? fromBase64(key) : null;
		if (key && publicKey?.length !== 32) return this.#fail(words.badKey, false);
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
				onGone: () => this.#leave("interrupted", words.lost),
				onTrouble: (trouble) => this.#trouble(trouble),
				onWrongKey: () => this.#fail(words.wrongKey, false),
			},
		});
		this.#session.start();
		this.#updates = setInterval(() => this.#overlay.update(this.#stats), updateEvery);
	}

	/** Without media source extensions the browser plays HLS itself, alone. */
	#playNatively(src: string): void {
		const video = this.#video;
		if (!video.canPlayType("application/vnd.apple.mpegurl"))
			return this.#fail(words.unsupported, false);
		video.src = `${src}/index.m3u8`;
		video.addEventListener("playing", () => this.#show(null), { once: true });
		void video.play().catch(() => this.#blocked());
	}

	/** Shows a message in place of picture and controls; null shows these. */
	#show(panel: Panel | null): void {
		this.#overlay.show(panel);
		this.#video.controls = panel === null && this.getAttribute("controls") !== "false";
	}

	#enter(state: State): void {
		this.#stats.state = state;
		this.dispatchEvent(new CustomEvent("statechange", { detail: state }));
	}

	#wait(title: string): void {
		this.#enter("waiting");
		this.#show({
			title: title || words.notLive,
			text: words.waiting,
			isBusy: true,
		});
	}

	#play(engine: Engine, joined: Join): void {
		this.#playback?.stop();
		const video = this.#video;
		if (joined.title) video.setAttribute("aria-label", joined.title);
		this.#enter("starting");
		this.#show({ title: words.starting, isBusy: true });
		video.addEventListener("playing", () => this.#show(null), { once: true });
		if (!this.#session) return;
		this.#playback = new Playback({
			video,
			engine,
			clock: this.#session.clock,
			stats: this.#stats,
			openedAt: performance.now(),
			onBlocked: () => this.#blocked(),
			onEnded: () => this.#leave("ended", words.ended),
			onFailed: (reason) => this.#fail(`${words.broken} ${reason}`, true),
		});
		this.#playback.start();
	}

	#blocked(): void {
		const run = () => {
			this.#show(null);
			void this.#video.play();
		};
		this.#show({ title: words.ready, action: { label: words.play, run } });
	}

	/** Waits for the next broadcast. */
	#leave(state: "ended" | "interrupted", title: string): void {
		this.#playback?.stop();
		this.#playback = null;
		this.#enter(state);
		this.#show({ title, text: words.again });
		this.#session?.next();
	}

	#trouble(trouble: Trouble): void {
		if (this.#playback) return;
		this.#enter("interrupted");
		this.#show({ title: words.lost, text: words[trouble], isBusy: true });
	}

	#fail(reason: string, canRetry: boolean): void {
		this.#close();
		this.#enter("error");
		this.#show({
			title: words.failed,
			text: reason,
			...(canRetry ? { action: { label: words.retry, run: () => this.#open() } } : {}),
		});
	}
}
