// One stream in one view: session, playback, what is shown of them, and what the
// viewer wants of them.
import Hls from "hls.js";
import type { Failure, LiveRelayEventMap, QualityChoice } from "./api.ts";
import { Awake } from "./awake.ts";
import { Captions } from "./captions.ts";
import { Changes } from "./changes.ts";
import { Consent } from "./consent.ts";
import { Cover } from "./cover.ts";
import { fromBase64 } from "./crypto.ts";
import type { Engine } from "./engine/engine.ts";
import { History } from "./history.ts";
import type { Range } from "./hls/dvr.ts";
import { Playback } from "./hls/playback.ts";
import { Manners } from "./manners.ts";
import type { Fatal } from "./messages.ts";
import { canPlayNatively, playNatively } from "./native.ts";
import type { Join, Mode } from "./net/join.ts";
import type { Options } from "./options.ts";
import { canDecode, qualitiesOf, undecodable } from "./qualities.ts";
import { endsOf, placeFor } from "./seeking.ts";
import { Session } from "./session.ts";
import { emptyStats, type State } from "./stats.ts";
import type { Trouble } from "./trouble.ts";
import { loadSnippets } from "./ui/share.ts";
import { View } from "./ui/view.ts";
import { languageOf } from "./ui/words.ts";

/** Tells the page of something. */
export type Emit = <K extends keyof LiveRelayEventMap>(
	name: K,
	detail: LiveRelayEventMap[K]["detail"],
) => void;

const updateEvery = 500;

/** Seconds behind live that are aimed for when nobody says, and those beyond it that still count as live. */
const usualLatency = 2;
const liveWithin = 1.5;

export class Player {
	readonly view: View;
	readonly captions: Captions;
	stats = emptyStats();
	title = "";
	/** What the viewer or the page chose by hand; null: automatic. */
	chosen: string | null = null;
	readonly #options: Options;
	readonly #emit: Emit;
	readonly #manners = new Manners();
	readonly #history = new History();
	readonly #consent: Consent;
	readonly #end = new AbortController();
	#qualities: QualityChoice[] = [];
	#session: Session | null = null;
	#playback: Playback | null = null;
	#updates: ReturnType<typeof setInterval> | undefined;
	readonly #awake: Awake;
	readonly #changes: Changes;
	readonly #cover: Cover;
	#isNative = false;
	/** The viewer paused: however playback begins anew, it waits for them. */
	#isHeld = false;

	constructor(
		options: Options,
		host: HTMLElement,
		root: ShadowRoot,
		video: HTMLVideoElement,
		emit: Emit,
	) {
		this.#options = options;
		this.#consent = new Consent(options.p2p);
		this.#emit = emit;
		this.#changes = new Changes(emit);
		this.captions = new Captions(video);
		this.#awake = new Awake({
			onWake: () => this.wake(),
			onMoved: () => this.wake(true),
			onSlept: () => {
				if (!this.#playback?.isPaused) this.#session?.renew(true);
			},
		});
		this.view = new View(host, root, video, languageOf(options.languages), {
			goLive: () => this.goLive(),
			seek: (time) => this.seek(time),
			onAnswer: (mayShare) => this.#answer(mayShare),
			onCaptions: (index) => this.captions.show(index),
			onMode: (mode) => this.setMode(mode),
			onQuality: (name) => this.choose(name),
			snippets: () => loadSnippets(options.src),
			toggleCaptions: () => this.toggleCaptions(),
		});
		const ways = {
			src: options.src,
			retry: () => this.#reopen(),
			hurry: () => this.#session?.wake(),
		};
		this.#cover = new Cover(this.view, ways, () => this.#askIfNeeded());
	}

	get video(): HTMLVideoElement {
		return this.view.video;
	}
	get qualities(): readonly QualityChoice[] {
		return this.#qualities;
	}

	get mode(): Mode {
		return this.#consent.mode;
	}

	/** Playback is about as close to live as it aims to be. */
	get isLive(): boolean {
		const { latency, state } = this.stats;
		if (this.#isNative) return !this.video.paused;
		return state === "playing" && latency < (this.#playback?.target ?? usualLatency) + liveWithin;
	}

	/** Begins, if that was left to a click; false when it had begun. */
	begin(): boolean {
		if (this.#session || this.#isNative) return false;
		this.#open();
		return true;
	}

	/** What can be gone back to, if it is more than the browser knows. */
	get seekable(): Range | null {
		return this.#playback?.seekable ?? null;
	}

	/** To a share of what can be gone back to, from 0 to 1. */
	seekTo(share: number): void {
		const { start, end } = endsOf(this.video);
		this.seek(start + share * (end - start));
	}

	/** To a moment on the video's timeline. */
	seek(time: number): void {
		const place = placeFor(time, endsOf(this.video));
		if (place === "live") this.goLive();
		else if (place !== null) this.video.currentTime = place;
	}

	/** Begins, or shows what to press to begin. */
	start(): void {
		const { signal } = this.#end;
		const { video } = this;
		video.volume = this.#consent.volume;
		const keepVolume = () => {
			this.#consent.volume = video.volume;
		};
		video.addEventListener("volumechange", keepVolume, { signal });
		const hold = () => {
			this.#isHeld = !video.ended; // the end pauses it as well
		};
		video.addEventListener("pause", hold, { signal });
		const goOn = () => {
			this.#isHeld = false;
		};
		video.addEventListener("play", goOn, { signal });
		this.#awake.listen(signal);
		this.view.setPoster(this.#options.poster);
		this.#updates = setInterval(() => this.#update(), updateEvery);
		if (this.#options.autoplay) return this.#open();
		this.#cover.ready(() => this.#open());
	}

	stop(): void {
		this.#end.abort();
		clearInterval(this.#updates);
		this.#close();
	}

	/** Jumps to the live edge. */
	goLive(): void {
		this.#playback?.goLive();
		const { end } = endsOf(this.video);
		if (this.#isNative && end > 0) this.video.currentTime = Math.max(0, end - 1);
		if (this.video.paused) void this.video.play().catch(() => {});
	}

	/** Plays this rendition; null chooses automatically. */
	choose(name: string | null): void {
		if (name !== null && !this.#qualities.some((quality) => quality.name === name)) return;
		this.chosen = name;
		this.#playback?.choose(name);
		this.#update();
	}

	toggleCaptions(): void {
		this.captions.toggle();
		this.#update();
	}

	setMode(mode: Mode): void {
		this.#consent.mode = mode;
		this.#emit("p2pchange", this.mode);
		this.#askIfNeeded();
		this.#update();
	}

	/** After sleep, in the foreground again, on another network: back to the live edge. */
	wake(isMoved = false): void {
		this.#session?.wake();
		const { isPaused = true } = this.#playback ?? {};
		if (!isPaused && this.#playback?.wake(isMoved) === false) this.#session?.renew();
	}

	#askIfNeeded(): void {
		const canAsk = this.#playback !== null && !this.#cover.isOn;
		this.view.ask(this.#consent.isOpen && canAsk);
	}

	#answer(mayShare: boolean): void {
		this.#consent.answer(mayShare);
		this.#update();
	}

	#close(): void {
		this.#playback?.stop();
		this.#session?.stop();
		this.#playback = null;
		this.#session = null;
	}

	#reopen(): void {
		this.#close();
		if (!this.#end.signal.aborted) this.#open();
	}

	#open(): void {
		const { src, publicKey: written } = this.#options;
		this.stats = emptyStats();
		this.#isHeld = false;
		this.#cover.busy("connecting");
		const publicKey = written ? fromBase64(written) : null;
		if (written && publicKey?.length !== 32) return this.#fail("badKey");
		if (!Hls.isSupported()) return this.#playNatively(src);
		this.#session = new Session({
			src,
			told: this.#options.told,
			publicKey,
			mayShare: () => this.#consent.mayShare,
			isSparing: () => this.#manners.isSparing,
			stats: this.stats,
			handlers: {
				onWaiting: (title) => this.#wait(title),
				onLive: (engine, joined) => this.#play(engine, joined),
				onGone: () => this.#leave("interrupted"),
				onTrouble: (trouble) => this.#trouble(trouble),
				onWrongKey: () => this.#fail("key"),
			},
		});
		this.#session.start();
	}

	/** Without media source extensions the browser plays HLS itself, alone. */
	#playNatively(src: string): void {
		if (!canPlayNatively(this.video)) return this.#fail("unsupported");
		this.#isNative = true;
		void playNatively(this.video, src, this.#end.signal, {
			onState: (state) => {
				this.#enter(state);
				if (state === "playing") this.#cover.clear();
				if (state === "ended") this.#cover.left(state);
			},
			onWaiting: (title) => this.#wait(title),
			onLive: (title) => this.#setTitle(title),
			onTrouble: (trouble) => this.#trouble(trouble),
			onBlocked: () => this.#blocked(),
		});
	}

	/** The first picture is there. */
	readonly #begun = () => {
		this.#cover.clear();
		if (this.#options.start > 0) this.seek(this.video.currentTime - this.#options.start);
	};

	#enter(state: State): void {
		this.stats.state = state;
		this.#tell();
	}

	#setTitle(title: string): void {
		if (!title || title === this.title) return;
		this.title = title;
		this.view.setTitle(title);
		this.#emit("titlechange", title);
	}

	#wait(title: string): void {
		this.#setTitle(title);
		this.#enter("waiting");
		this.#cover.waiting(title);
	}

	#play(engine: Engine, joined: Join): void {
		this.#playback?.stop();
		this.#setTitle(joined.title);
		this.#consent.stream = joined.p2p.mode;
		this.#qualities = qualitiesOf(engine.manifest, this.view.say);
		const missing = undecodable(engine.manifest, canDecode);
		if (missing.length > 0) return this.#fail("codec", missing.join(", "));
		this.#enter("starting");
		if (this.#isHeld) this.#cover.clear();
		else this.#cover.busy("starting");
		this.video.addEventListener("playing", this.#begun, { once: true });
		if (!this.#session) return;
		this.#playback = new Playback({
			video: this.video,
			engine,
			clock: this.#session.clock,
			stats: this.stats,
			openedAt: performance.now(),
			wish: this.chosen,
			latency: this.#options.latency,
			isHeld: () => this.#isHeld,
			onBlocked: () => this.#blocked(),
			onEnded: () => this.#leave("ended"),
			onFailed: (reason) => this.#fail("playback", reason),
		});
		this.#playback.start();
	}

	#blocked(): void {
		this.#cover.ready(() => {
			this.#cover.clear();
			void this.video.play();
		});
	}

	/** Waits for the next broadcast. */
	#leave(state: "ended" | "interrupted"): void {
		this.#playback?.stop();
		this.#playback = null;
		this.#enter(state);
		this.#cover.left(state);
		if (state === "ended") this.#emit("ended", null);
		this.#session?.next();
	}

	#trouble(kind: Trouble): void {
		const message = this.#cover.trouble(kind);
		this.#emit("failure", { code: kind, message: message.text ?? "", fatal: false });
		if (this.#playback) return;
		this.#enter("interrupted");
		this.#cover.show(message);
	}

	#fail(kind: Fatal, detail?: string): void {
		this.#close();
		this.#enter("error");
		const message = this.#cover.fatal(kind, detail);
		const code: Failure["code"] = kind === "badKey" ? "key" : kind;
		this.#emit("failure", { code, message, fatal: true });
	}

	#tell(): void {
		this.#changes.tell(this.stats, this.chosen === null);
	}

	#update(): void {
		const now = performance.now();
		this.#awake.look();
		this.#session?.adjust();
		this.#tell();
		const hasPicture = this.#playback !== null && this.video.buffered.length > 0;
		this.#cover.look(this.stats.state, now, hasPicture, this.#session?.isCutOff === true);
		this.#history.take(this.stats, now);
		const { say } = this.view;
		const note = this.#isNative ? say("native") : this.#manners.isSparing ? say("sparing") : "";
		this.view.update(this.stats, this.#history, {
			qualities: this.#qualities,
			chosen: this.chosen,
			playing: this.stats.rendition,
			captions: this.captions.labels,
			shownCaptions: this.captions.shown,
			mode: this.#consent.agreed,
			note,
		});
		this.#emit("statsupdate", { ...this.stats });
	}
}
