// Tells the viewer's seeks from playback's own. Who goes back is left alone, without
// being hurried or taken to live, until they return to it.

/** Seconds beyond the target that somebody who seeks there has gone back on purpose. */
const backBeyond = 2.5;
/** Seconds beyond the target within which who went back has caught up. */
const backWithin = 1;

export class Seeks {
	readonly #video: HTMLVideoElement;
	/** Where playback itself moved the playhead to, last. */
	#movedTo: number | null = null;
	#isBack = false;

	constructor(video: HTMLVideoElement) {
		this.#video = video;
	}

	/** Moves the playhead: that is no wish of the viewer's. */
	move(to: number): void {
		this.#movedTo = to;
		this.#video.currentTime = to;
	}

	/** The playhead is being moved; `latency` is where to, null while unknown. */
	seeking(latency: number | null, target: number): void {
		const isOurs =
			this.#movedTo !== null && Math.abs(this.#video.currentTime - this.#movedTo) < 0.05;
		this.#movedTo = null;
		if (!isOurs && latency !== null) this.#isBack = latency > target + backBeyond;
	}

	/** Whether the viewer went back, and has not caught up. */
	isBack(latency: number, target: number): boolean {
		if (latency < target + backWithin) this.#isBack = false;
		return this.#isBack;
	}

	/** The viewer wants live again. */
	forget(): void {
		this.#isBack = false;
	}
}
