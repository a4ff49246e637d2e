// Goes from one rendition to another: what the rule for quality decides is prepared in
// the engine first, and hls.js is told when all that it needs is there.
import type Hls from "hls.js";
import type { Engine } from "../engine/engine.ts";
import { Quality } from "../playback/quality.ts";
import { isWhole } from "../playlist.ts";
import type { Stats } from "../stats.ts";
import { kind, type Manifest } from "../wire/manifest.ts";
import { renditionOf } from "./loaders.ts";
import type { Place } from "./place.ts";

/** Milliseconds: renditions whose keyframes are further apart are not switched to. */
const keyframesWithin = 4000;
/** Milliseconds that a rendition may take to become playable before it is given up. */
const switchWithin = 6000;
/** Seconds that are missing before a rendition begins. */
const hole = 0.05;
/** Seconds of the rendition before that may be left. */
const almostNothing = 0.1;
/** Milliseconds that a measurement has to last, for what comes in meanwhile to count. */
const checkedOver = 100;

interface SwitcherOptions {
	engine: Engine;
	stats: Stats;
	place: Place;
	leap: (to: number) => void;
}

export class Switcher {
	readonly quality: Quality;
	readonly #engine: Engine;
	readonly #stats: Stats;
	readonly #place: Place;
	readonly #leap: (to: number) => void;
	/** What was chosen by hand; null: the rule decides. */
	#chosen: string | null = null;
	/** Since when another rendition is waited for. */
	#switchingSince: number | null = null;
	#isMeasuring = false;

	/**
	 * `height` is how many pixels the picture has on the screen; `leap` moves the playhead
	 * over what can't be had.
	 */
	constructor({ engine, stats, place, leap }: SwitcherOptions, height: number) {
		this.#engine = engine;
		this.#stats = stats;
		this.#place = place;
		this.#leap = leap;
		this.quality = new Quality(choices(engine.manifest), height, linkRate());
	}

	/** The rendition that is to be played. */
	get name(): string {
		return this.#chosen ?? this.quality.current.name;
	}

	get isSoundOnly(): boolean {
		const { renditions } = this.#engine.manifest;
		const isVideo = (r: Manifest["renditions"][number]) => r.kind === kind.video;
		return renditions.some(isVideo) && !renditions.some((r) => isVideo(r) && r.name === this.name);
	}

	/** Plays this one from now on; null lets the rule decide, beginning with what plays. */
	choose(name: string | null): void {
		this.#chosen = name;
		const from = name ?? this.#stats.rendition;
		if (this.quality.has(from)) this.quality.force(from);
	}

	/**
	 * The seconds before the first part, once there is one. A rendition whose last
	 * keyframe is long ago is left for one with a recent one.
	 */
	async lead(): Promise<number | null> {
		const { name } = this;
		this.#engine.watch(name);
		const seconds = await this.#engine.lead(name);
		const { oldest, newest } = this.#engine.timeline(name) ?? {};
		const { lower } = this.quality;
		const age = oldest && newest ? newest.programTime - oldest.programTime : 0;
		const isLeft = lower && this.#chosen === null && age >= keyframesWithin;
		if (!isLeft || isWhole(this.#engine.manifest)) return seconds;
		this.quality.avoid(name);
		this.quality.force(lower.name);
		this.#engine.watch(lower.name);
		this.#engine.left();
		return this.#engine.lead(lower.name);
	}

	/**
	 * hls.js changed the level, by itself after errors: it knows why, if it goes down. Up
	 * it goes without looking: it is called back with the next update.
	 */
	changed(uri: string): void {
		const name = renditionOf(this.#engine, uri);
		const isDown = name !== null && this.quality.isLower(name, this.name);
		if (!isDown || this.#chosen !== null) return;
		this.quality.force(name);
		this.#engine.watch(name);
		this.#engine.left();
		this.#stats.rendition = name;
	}

	/**
	 * Measures where that is called for, decides, and goes over to what was decided.
	 * `height` is how many pixels the picture has on the screen.
	 */
	update(hls: Hls | null, height: number): void {
		const now = performance.now();
		this.#avoidRareKeyframes();
		if (this.#chosen === null) {
			void this.#measure(now / 1000, height);
			this.quality.update(now / 1000, height);
		}
		if (hls) this.#apply(hls);
	}

	/**
	 * Looks whether the line has become too slow, and goes down as soon as that can be: to be
	 * called often.
	 */
	look(hls: Hls): void {
		if (this.#chosen === null) this.#listen(performance.now() / 1000);
		const { rendition } = this.#stats;
		if (rendition !== "" && this.quality.isLower(this.name, rendition)) this.#apply(hls);
	}

	#listen(now: number): void {
		const { pace } = this.#engine.measure;
		const { buffer } = this.#place;
		this.quality.heard(this.#received, buffer, now);
		if (pace !== null) this.quality.paced(pace, buffer, now);
		if (this.quality.toCheck(now)) void this.#measure(now, 0);
	}

	/** Begins with the rendition that was chosen, whatever hls.js thinks. */
	begin(hls: Hls): void {
		const { name } = this;
		const index = this.#level(hls, name);
		if (index < 0 || hls.loadLevel === index) return;
		this.#switchingSince = null;
		this.#stats.rendition = name;
		this.#engine.watch(name);
		hls.loadLevel = index;
		this.#engine.left();
	}

	#level(hls: Hls, name: string): number {
		return hls.levels.findIndex((l) => renditionOf(this.#engine, l.uri || l.url[0] || "") === name);
	}

	/** Goes over to the rendition that was chosen, once all that it needs is there. */
	#apply(hls: Hls): void {
		const { name } = this;
		const { rendition } = this.#stats;
		// Where the line is too slow for what is played, there is no room for both.
		const isDown = rendition !== "" && this.quality.isLower(name, rendition);
		this.#engine.watch(name, isDown || name === rendition);
		const index = this.#level(hls, name);
		if (index < 0 || hls.loadLevel === index) {
			this.#switchingSince = null;
			return this.#engine.left();
		}
		if (!this.#mayGoTo(name, isDown)) return;
		const start = this.#startBehindHole(name);
		// First what there is before the hole.
		if (start !== null && this.#place.buffer > almostNothing) return;
		this.#switchingSince = null;
		this.#stats.rendition = name;
		// What hls.js knows of this one from long ago would put it in a wrong place.
		const level = hls.levels[index];
		if (level) level.details = undefined;
		hls.loadLevel = index;
		this.#engine.left();
		if (start !== null) this.#leap(start);
	}

	/**
	 * Where a rendition begins, if that is later than what is buffered ends: so it is when
	 * little came in lately. hls.js would take what is missing for a fault of the rendition.
	 */
	#startBehindHole(name: string): number | null {
		const { offset, bufferedEnd } = this.#place;
		const first = this.#engine.timeline(name)?.oldest;
		if (this.#stats.rendition === "" || offset === null || !first) return null;
		const start = first.start / 1e6 - offset;
		return start > bufferedEnd + hole ? start : null;
	}

	#mayGoTo(name: string, isDown: boolean): boolean {
		const { rendition } = this.#stats;
		if (rendition === "" || rendition === name || this.#engine.isReady(name, isDown)) return true;
		const now = performance.now();
		this.#switchingSince ??= now;
		if (now - this.#switchingSince < switchWithin) return false;
		this.#switchingSince = null;
		// It does not come: better one that does, or what is there.
		this.quality.failed(now / 1000);
		if (!isDown) this.quality.force(rendition);
		return false;
	}

	/** All bytes that came in so far. */
	get #received(): number {
		return this.#stats.httpBytes + this.#stats.p2pBytes;
	}

	/** Fetches something to learn how much room there is, up or down. */
	async #measure(now: number, height: number): Promise<void> {
		if (this.#isMeasuring) return;
		const choice = this.quality.toProbe(now, height);
		const isInDoubt = this.quality.toCheck(now);
		if (!choice && !isInDoubt) return;
		this.#isMeasuring = true;
		if (isInDoubt) this.quality.checking();
		if (isInDoubt) await this.#check();
		else if (choice) await this.#probe(choice.name);
		this.#isMeasuring = false;
	}

	async #check(): Promise<void> {
		const received = this.#receiving();
		const rate = await this.#engine.measure.check();
		const check = rate === null ? null : { rate, received: received() };
		this.quality.checked(check, performance.now() / 1000);
	}

	async #probe(name: string): Promise<void> {
		const received = this.#receiving();
		const result = await this.#engine.measure.probe(name);
		const { bytes = 0, ms = 0 } = result ?? {};
		this.quality.probed(bytes, ms, received(), performance.now() / 1000);
	}

	/** Bit/s of all that comes in from now on; 0 when that was too short. */
	#receiving(): () => number {
		const before = { at: performance.now(), bytes: this.#received };
		return () => {
			const passed = performance.now() - before.at;
			// What came in a moment may have waited somewhere.
			return passed > checkedOver ? ((this.#received - before.bytes) * 8000) / passed : 0;
		};
	}

	/** Between rare keyframes nobody can switch: once left, such a rendition is not taken again. */
	#avoidRareKeyframes(): void {
		if (isWhole(this.#engine.manifest)) return; // each segment begins with one
		const { name } = this.quality.current;
		const timeline = this.#engine.timeline(name);
		if (timeline && timeline.keyframeDistance / 1000 > keyframesWithin) this.quality.avoid(name);
	}
}

function choices(manifest: Manifest) {
	const videos = manifest.renditions.filter((r) => r.kind === kind.video);
	const audio = manifest.renditions.find((r) => r.kind === kind.audio);
	const list = videos.length > 0 ? videos : manifest.renditions.slice(0, 1);
	return list.map(({ name, bandwidth, height }) => ({
		name,
		height,
		bandwidth: bandwidth + (videos.length > 0 ? (audio?.bandwidth ?? 0) : 0),
	}));
}

/** What the browser says of the link, in bit/s; at 10 Mbit/s it stops counting. */
function linkRate(): number | null {
	const { connection } = navigator as { connection?: { downlink?: number } };
	return connection?.downlink ? connection.downlink * 1e6 : null;
}
