// Plays an engine's broadcast in a video element by hls.js: start, distance to live,
// quality, and beginning anew where that is needed.
import Hls, { type ErrorData } from "hls.js";
import type { Arrival } from "../engine/types.ts";
import { Monitor } from "../playback/monitor.ts";
import { RateControl } from "../playback/rate.ts";
import { Attention } from "./attention.ts";
import { isPlayedOut, stateOf } from "./condition.ts";
import { config, type PlaybackOptions } from "./config.ts";
import type { Range } from "./dvr.ts";
import { Faults } from "./faults.ts";
import { InCaptions } from "./incaptions.ts";
import { loaders } from "./loaders.ts";
import { Outages } from "./outages.ts";
import { Place } from "./place.ts";
import { Return } from "./return.ts";
import { forgiveRounding } from "./rounding.ts";
import { Seeks } from "./seeks.ts";
import { aheadAtStart, playAsAllowed, startWithin } from "./start.ts";
import { Switcher } from "./switcher.ts";

const lookEvery = 50;
const controlEvery = 200;
/** Seconds of steady playback before other viewers are connected to. */
const steadyAfter = 0.25;
/** A part that comes with fewer seconds left than this was nearly waited for. */
const lateBelow = 0.12;
/** Seconds: playback that stood with more to play was held up by the machine, not by the line. */
const dryBelow = 0.4;
/** Seconds that there have to be behind a hole, to leap over it. */
const leapFor = 0.3;
/** Seconds beyond the target at which playback begins anew, if it can't jump. */
const restartBeyond = 4;

export class Playback {
	readonly #options: PlaybackOptions;
	readonly #rate = new RateControl();
	readonly #monitor = new Monitor();
	readonly #place: Place;
	readonly #switcher: Switcher;
	readonly #seeks: Seeks;
	readonly #return: Return;
	readonly #outages: Outages;
	readonly #captions: InCaptions;
	readonly #timers: ReturnType<typeof setInterval>[] = [];
	readonly #end = new AbortController();
	#hls: Hls | null = null;
	#hasStarted = false;
	#steadySince: number | null = null;
	readonly #faults = new Faults();
	#pausedAt: number | null = null;
	readonly #attention = new Attention();

	constructor(options: PlaybackOptions) {
		this.#options = options;
		const { video, engine, clock, stats } = options;
		// After an outage it goes on with what was counted before.
		this.#monitor.stalls = stats.stalls;
		this.#monitor.stalledSeconds = stats.stalledSeconds;
		this.#place = new Place(video, engine, clock);
		const leap = (to: number) => this.#leap(to);
		this.#switcher = new Switcher({ engine, stats, place: this.#place, leap }, this.#height);
		this.#switcher.choose(options.wish);
		this.#seeks = new Seeks(video);
		this.#outages = new Outages(engine, () => performance.now());
		this.#return = new Return({
			...{ video, engine, place: this.#place, rate: this.#rate },
			...{ seeks: this.#seeks, switcher: this.#switcher },
			hasStarted: () => this.#hasStarted,
		});
		this.#captions = new InCaptions(video);
	}

	start(): void {
		const { engine, video } = this.#options;
		engine.playhead = () => this.#place.position;
		engine.onArrival = (arrival) => this.#arrived(arrival);
		const { quality } = this.#switcher;
		engine.onRescue = () => this.#rate.holdBack.rescued(performance.now() / 1000);
		engine.onBurst = (bytes, ms) => quality.burst(bytes, ms, performance.now() / 1000);
		engine.start(this.#switcher.name);
		const { signal } = this.#end;
		video.addEventListener("pause", () => this.#paused(), { signal });
		video.addEventListener("play", () => this.#resumed(), { signal });
		video.addEventListener("seeking", () => this.#sought(), { signal });
		this.#timers.push(setInterval(() => this.#look(), lookEvery));
		this.#timers.push(setInterval(() => this.#control(), controlEvery));
		void this.#begin();
	}

	stop(): void {
		this.#end.abort();
		for (const timer of this.#timers) clearInterval(timer);
		this.#hls?.destroy();
		this.#hls = null;
		this.#captions.stop();
	}

	/** Pixels that the picture has on the screen. */
	get #height(): number {
		return Math.max(180, this.#options.video.clientHeight * Math.min(2, devicePixelRatio));
	}

	async #begin(): Promise<void> {
		const { engine, stats } = this.#options;
		// What is on the screen stays there until there is more; with nothing there, the
		// media source opens while the first heads come.
		const fresh = this.#hls ? null : this.#attach();
		const before = this.#hls;
		const startPosition = await this.#switcher.lead();
		if (this.#end.signal.aborted || this.#hls !== before) return;
		const hls = fresh ?? this.#attach();
		this.#rate.keep(this.#options.latency, engine.leastBehind(this.#switcher.name));
		this.#outages.begin();
		Object.assign(hls.config, loaders(engine, stats, startPosition === null));
		hls.on(Hls.Events.MANIFEST_PARSED, () => {
			this.#switcher.begin(hls);
			hls.startLoad(startPosition ?? -1);
		});
		hls.loadSource(`${engine.base}index.m3u8`);
	}

	/** Makes a new hls.js and gives it the video. */
	#attach(): Hls {
		const hls = new Hls(config);
		forgiveRounding(hls);
		this.#captions.listen(hls);
		this.#hls?.destroy();
		this.#hls = hls;
		this.#hasStarted = false;
		this.#outages.begin();
		this.#place.learn(hls, () => this.#isForeign);
		hls.on(Hls.Events.LEVEL_SWITCHING, (_, { uri }) => this.#switcher.changed(uri));
		hls.on(Hls.Events.ERROR, (_, data) => this.#failed(hls, data));
		hls.attachMedia(this.#options.video);
		return hls;
	}

	/** Whether the media's own times say nothing about the broadcast's timeline. */
	get #isForeign(): boolean {
		return this.#options.engine.guide.isForeign(this.#switcher.quality.current.name);
	}

	#arrived({ isMain, delay }: Arrival): void {
		const now = performance.now() / 1000;
		if (!this.#attention.hasSlept && !this.#outages.wasOn) this.#rate.arrived(now, delay);
		const latency = this.#place.behind(this.#options.video.currentTime);
		if (!isMain || !this.#hasStarted || latency === null) return;
		const isLate = latency - delay < lateBelow && !this.#attention.wasBusy;
		this.#switcher.quality.arrived(isLate, now);
	}

	#look(): void {
		const { video, stats } = this.#options;
		if (!this.#hasStarted) {
			if (this.#hls) this.#switcher.begin(this.#hls);
			this.#tryStart();
			// What it still waits for is of before the network was away.
			if (!this.#hasStarted && stats.joinSeconds > 0 && this.#outages.isOver) this.#restart();
		}
		const isPlaying =
			this.#hasStarted && !video.paused && !video.seeking && !video.ended && !document.hidden;
		const { currentTime: time, playbackRate: rate } = video;
		const now = performance.now();
		this.#attention.look();
		this.#outages.look();
		if (this.#monitor.look({ now, time, rate, isPlaying })) {
			if (video.readyState < 3 || this.#place.buffer < dryBelow) {
				this.#rate.holdBack.stalled(now / 1000);
				this.#switcher.quality.stalled(now / 1000);
			}
			// Steady again from here on, if it does not stall again.
			this.#steadySince = now;
		}
		if (isPlaying && this.#hls) this.#switcher.look(this.#hls);
		const beyond = this.#monitor.isStalled ? this.#place.beyondHole(leapFor) : null;
		if (beyond !== null) this.#leap(beyond);
		const isStarting = !this.#hasStarted && this.#hls !== null;
		const stands = this.#monitor.isStalled || isStarting || video.seeking;
		if (this.#outages.isStuck(stands, this.#hasStarted)) this.#restart();
		const isOver = this.#isOver;
		if (isOver && this.#isPlayedOut) this.#monitor.hasEnded();
		stats.stalls = this.#monitor.stalls;
		stats.stalledSeconds = round(this.#monitor.stalledSeconds);
		stats.buffer = round(this.#place.buffer);
		if (isOver) this.#options.onEnded();
		else this.#tellState();
	}

	/** The broadcast is over, and there is no more to be played of it. */
	get #isOver(): boolean {
		const { engine, video } = this.#options;
		if (!engine.isOver) return false;
		if (video.ended || !this.#hasStarted) return true;
		return this.#monitor.isStalled && (this.#isPlayedOut || engine.quiet > 3000);
	}

	get #isPlayedOut(): boolean {
		return isPlayedOut(this.#options, this.#switcher.name, this.#place);
	}

	#leap(to: number): void {
		this.#monitor.jumped();
		this.#seeks.move(to + 0.01);
	}

	#tellState(): void {
		const [monitor, hasStarted] = [this.#monitor, this.#hasStarted];
		this.#options.stats.state = stateOf(this.#options, this.#place, hasStarted, monitor.isStalled);
	}

	/** Begins to play, at the right distance, once live is in the buffer. */
	#tryStart(): void {
		const { video } = this.#options;
		if (video.buffered.length === 0 || video.readyState < 2) return;
		const isLate = this.#outages.sinceBegun > startWithin;
		const ahead = aheadAtStart(video, this.#place, this.#rate.target, isLate);
		if (ahead === null) return;
		if (ahead > 0.2) this.#seeks.move(video.currentTime + ahead);
		this.#hasStarted = true;
		if (!this.#options.isHeld()) void this.#play();
	}

	async #play(): Promise<void> {
		const { video, stats, openedAt, onBlocked } = this.#options;
		if (!(await playAsAllowed(video, onBlocked))) return;
		this.#steadySince = performance.now();
		stats.joinSeconds ||= round((performance.now() - openedAt) / 1000);
	}

	#control(): void {
		const { video, stats } = this.#options;
		const { buffer } = this.#place;
		if (!this.#hasStarted || video.paused) return;
		const now = performance.now();
		this.#share(now);
		const latency = this.#place.behind(video.currentTime);
		if (latency === null) return;
		stats.latency = round(latency);
		if (this.#seeks.isBack(latency, this.#rate.target)) return this.#keepPace(1);
		this.#rate.holdBack.isAmong = stats.peers > 0;
		const moment = { now: now / 1000, latency, buffer };
		const playbackRate = this.#rate.update(moment);
		const ahead = this.#rate.jump(moment);
		if (ahead > 0) {
			this.#monitor.jumped();
			this.#seeks.move(video.currentTime + ahead);
		} else if (latency > this.#rate.target + restartBeyond) this.goLive();
		else this.#keepPace(playbackRate);
		if (!this.#attention.wasBusy) this.#switcher.quality.buffered(buffer, now / 1000);
		this.#switcher.update(this.#hls, this.#height);
	}

	#keepPace(rate: number): void {
		if (this.#options.video.playbackRate !== rate) this.#options.video.playbackRate = rate;
	}

	#share(now: number): void {
		if (this.#steadySince !== null && now - this.#steadySince > steadyAfter * 1000)
			this.#options.engine.share();
	}

	/** Plays this rendition from now on; null chooses automatically. */
	choose(name: string | null): void {
		const { engine } = this.#options;
		const wasSound = this.#switcher.isSoundOnly;
		this.#switcher.choose(name);
		if (wasSound === this.#switcher.isSoundOnly) return;
		if (wasSound) engine.watch(this.#switcher.name);
		else engine.listen(this.#switcher.name);
		this.#restart();
	}

	/**
	 * The viewer paused it, or it never played. One that begins anew is on its way, though its
	 * element is paused until there is a picture.
	 */
	get isPaused(): boolean {
		const { video, stats, isHeld } = this.#options;
		return isHeld() || (video.paused && (this.#hasStarted || stats.joinSeconds === 0));
	}

	/** Seconds behind live that are aimed for. */
	get target(): number {
		return this.#rate.target;
	}

	/**
	 * After sleep, in the foreground again, a moment after the network became another one:
	 * back to the live edge; false when nothing comes any more, or only what was held up.
	 */
	wake(isMoved: boolean): boolean {
		if (this.#outages.isDead(isMoved)) return false;
		const { latency, isBack, isEdgeLate, isLate } = this.#return;
		if (latency === null || isBack) return true;
		if (isEdgeLate) return false;
		if (isLate) this.goLive();
		return true;
	}

	#sought(): void {
		this.#monitor.reset();
		this.#seeks.seeking(this.#return.latency, this.#rate.target);
	}

	/** Goes to the live edge; while that would be in vain, what stands goes on to stand. */
	goLive(): void {
		const isWish = this.#return.isBack;
		if (!this.#return.jump()) {
			if (!this.#outages.canReturn(isWish)) return;
			this.#restart();
		}
		this.#monitor.reset();
	}

	/** What can be sought, if it is more than the browser knows. */
	get seekable(): Range | null {
		return this.#return.seekable;
	}

	#paused(): void {
		this.#pausedAt = performance.now();
		this.#steadySince = null;
	}

	#resumed(): void {
		const now = performance.now();
		this.#steadySince = now;
		if (this.#hasStarted && now - (this.#pausedAt ?? now) > 2000 && !this.#return.staysBack)
			this.goLive();
		this.#pausedAt = null;
	}

	/** The element is loaded anew, which pauses it. */
	#recover(hls: Hls): void {
		hls.recoverMediaError();
		this.#hasStarted = false;
		this.#outages.begin();
	}

	#restart(): void {
		this.#outages.restart();
		this.#options.engine.restart();
		void this.#begin();
	}

	#failed(hls: Hls, data: ErrorData): void {
		if (hls !== this.#hls || !data.fatal) return;
		const isOfMedia = data.type === Hls.ErrorTypes.MEDIA_ERROR;
		const delay = this.#faults.next(isOfMedia, performance.now());
		if (delay === null) return this.#options.onFailed(data.details);
		if (delay === 0) return this.#recover(hls);
		setTimeout(() => {
			if (this.#end.signal.aborted || hls !== this.#hls) return;
			this.#restart();
		}, delay);
	}
}

const round = (seconds: number) => Math.round(seconds * 1000) / 1000;
