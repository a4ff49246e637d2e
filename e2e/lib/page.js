// What runs inside a viewer's page: it reads the clock from every picture shown.
// The page gets these functions as text, so they use nothing from outside.

/**
 * Counts the seconds of media that the page plays, from its beginning, in
 * `window.playedSeconds`. The element's own `played` forgets when its source changes.
 */
export function countPlayed() {
	let last = 0;
	Object.assign(window, { playedSeconds: 0 });
	setInterval(() => {
		const player = document.querySelector("live-relay");
		const video = player?.shadowRoot?.querySelector("video") ?? document.querySelector("video");
		if (!video) return;
		// What is more is a jump.
		const advance = video.currentTime - last;
		if (advance > 0 && advance < 1) /** @type {any} */ (window).playedSeconds += advance;
		last = video.currentTime;
	}, 100);
}

/**
 * Begins to watch the page's player. Leaves `window.observed`.
 * @param {{ cells: number, rowShare: number, every: number }} layout the clock is read from
 *   one picture in `every`
 */
export function observe(layout) {
	const player = document.querySelector("live-relay");
	const video = player?.shadowRoot?.querySelector("video") ?? document.querySelector("video");
	if (!video) throw new Error("no video element");
	const canvas = document.createElement("canvas");
	canvas.width = layout.cells * 4;
	canvas.height = 4;
	const context = canvas.getContext("2d", { willReadFrequently: true });
	if (!context) throw new Error("no canvas");

	const observed = {
		frames: 0,
		height: 0,
		/** @type {{ at: number, cells: boolean[] }[]} */
		samples: [],
		/** @type {{ at: number, seconds: number }[]} pictures: time lost; negative: a jump ahead */
		breaks: [],
		/**
		 * The playhead: when it fell behind, or jumped.
		 * @type {import("./record.js").Stand[]}
		 */
		stands: [],
	};
	Object.assign(window, { observed });
	let before = { now: 0, media: 0 };

	const read = () => {
		context.drawImage(
			video,
			0,
			0,
			video.videoWidth,
			video.videoHeight * layout.rowShare,
			0,
			0,
			canvas.width,
			canvas.height,
		);
		const pixels = context.getImageData(0, 2, canvas.width, 1).data;
		return Array.from({ length: layout.cells }, (_, i) => {
			const middle = 4 * (4 * i + 1);
			return pixels[middle] + pixels[middle + 4] > 255;
		});
	};
	/** @type {VideoFrameRequestCallback} */
	const shown = (now, { mediaTime }) => {
		const at = Date.now();
		// Against the media's own clock, so that a picture dropped by a busy machine is
		// no stall, and one shown again is. 100 ms is the project's definition.
		const lost = (now - before.now) / 1000 - (mediaTime - before.media);
		if (before.now > 0 && Math.abs(lost) > 0.1) observed.breaks.push({ at, seconds: lost });
		before = { now, media: mediaTime };
		observed.frames++;
		observed.height = video.videoHeight;
		// Some are plenty, and leave the processor to the player.
		if (observed.frames % layout.every === 1) observed.samples.push({ at, cells: read() });
		video.requestVideoFrameCallback(shown);
	};
	video.requestVideoFrameCallback(shown);

	const ahead = () => {
		const { buffered, currentTime } = video;
		for (let i = 0; i < buffered.length; i++)
			if (buffered.start(i) <= currentTime && buffered.end(i) > currentTime)
				return buffered.end(i) - currentTime;
		return 0;
	};
	/** @param {import("./record.js").Stand} stand */
	const keep = (stand) => {
		observed.stands.push(stand);
		const { record } = /** @type {any} */ (window);
		if (!record) return;
		stand.names = record.names;
		// With what ended it, and some seconds of before.
		setTimeout(() => {
			stand.notes = record.notes.filter(
				(/** @type {import("./record.js").Note} */ n) => n.at > stand.at - 4000,
			);
		}, 2000);
	};
	const lookEvery = 20;
	/** @returns {import("./record.js").Stand} */
	const fresh = () => ({ at: Date.now(), seconds: 0, buffer: Number.POSITIVE_INFINITY, late: 0 });
	let stand = fresh();
	let last = { now: performance.now(), time: video.currentTime, rate: video.playbackRate };
	setInterval(() => {
		const { currentTime: time, playbackRate: rate } = video;
		const now = performance.now();
		const elapsed = (now - last.now) / 1000;
		const moved = time - last.time;
		const lost = elapsed * Math.min(rate, last.rate) - moved;
		const isJump = moved < -0.1 || moved > elapsed * Math.max(rate, last.rate) + 0.1;
		last = { now, time, rate };
		if (isJump) keep({ at: Date.now(), seconds: -moved, buffer: ahead(), late: 0 });
		if (isJump || video.paused || lost < 0.3 * elapsed) {
			stand = fresh();
			return;
		}
		stand.seconds += lost;
		stand.buffer = Math.min(stand.buffer, ahead());
		stand.late = Math.max(stand.late, elapsed - lookEvery / 1000);
		// One that does not end counts as well.
		if (stand.seconds > 0.1 && observed.stands.at(-1) !== stand) keep(stand);
	}, lookEvery);
}

/** Counts the peer connections that the page makes, in `window.connections`, and keeps them in `window.made`. */
export function countConnections() {
	const Original = window.RTCPeerConnection;
	/** @type {RTCPeerConnection[]} */
	const made = [];
	Object.assign(window, {
		connections: 0,
		made,
		RTCPeerConnection: class extends Original {
			/** @param {RTCConfiguration} [configuration] */
			constructor(configuration) {
				super(configuration);
				/** @type {any} */ (window).connections++;
				made.push(this);
			}
		},
	});
}
