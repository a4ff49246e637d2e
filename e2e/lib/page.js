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
 * @param {{ cells: number, rowShare: number }} layout
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
		/** @type {{ at: number, seconds: number }[]} time lost: a stall; negative: a jump ahead */
		breaks: [],
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
		// Every fourth picture is plenty, and leaves the processor to the player.
		if (observed.frames % 4 === 1) observed.samples.push({ at, cells: read() });
		video.requestVideoFrameCallback(shown);
	};
	video.requestVideoFrameCallback(shown);
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
