// A publisher whose pictures carry the clock: node paints, ffmpeg encodes and pushes
// over RTMP. The time in a picture is the moment before it is handed to the encoder.

import { paint } from "./clock.js";
import { Process } from "./process.js";

const pictures = 64;
/** Pictures that may wait for the encoder. */
const waiting = 3;

/**
 * @typedef {object} PublisherOptions
 * @property {string} url rtmp://host:port/live/key
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [fps]
 * @property {number} [keyint] pictures from keyframe to keyframe
 * @property {string} [bitrate] as ffmpeg writes it
 * @property {string} [audioBitrate]
 * @property {number} [patience] milliseconds that the encoder may be behind by; what it is too
 *   slow for beyond them is left out, and the media's clock stands for it; 0 when not given
 * @property {string[]} [output] replaces the RTMP output
 */

/** Pushes moving pictures and a tone until it is stopped. */
export class Publisher {
	/** @type {NodeJS.Timeout | undefined} */
	#timer;
	#frame = 0;
	#start = 0;
	/** how many pictures the encoder was too slow to take: the media's clock stood meanwhile */
	skipped = 0;

	/** @param {PublisherOptions} options */
	constructor(options) {
		this.width = options.width ?? 640;
		this.height = options.height ?? 360;
		this.fps = options.fps ?? 30;
		this.patience = options.patience ?? 0;
		this.picture = new Uint8Array((this.width * this.height * 3) / 2).fill(128);
		this.texture = texture(this.width + pictures * 4, this.height + pictures * 2);
		this.ffmpeg = new Process("ffmpeg", this.#arguments(options), {
			stdio: ["pipe", "pipe", "pipe"],
		});
		this.ffmpeg.child.stdin?.on("error", () => this.#end());
	}

	/** @param {PublisherOptions} options */
	#arguments(options) {
		const rate = options.bitrate ?? "1200k";
		const keyint = String(options.keyint ?? this.fps * 2);
		return [
			..."-hide_banner -loglevel warning -nostdin -fflags nobuffer -probesize 32".split(" "),
			..."-f rawvideo -pix_fmt yuv420p".split(" "),
			...["-video_size", `${this.width}x${this.height}`, "-framerate", String(this.fps), "-i", "-"],
			// The tone is not paced: it keeps up with the pictures, so the muxer never holds
			// a picture back to wait for sound.
			..."-f lavfi -i sine=frequency=440:sample_rate=48000".split(" "),
			..."-map 0:v -map 1:a".split(" "),
			..."-c:v libx264 -preset ultrafast -tune zerolatency -profile:v high -bf 0".split(" "),
			...["-b:v", rate, "-maxrate", rate, "-bufsize", rate],
			...["-g", keyint, "-keyint_min", keyint, "-sc_threshold", "0"],
			...["-c:a", "aac", "-b:a", options.audioBitrate ?? "96k", "-ar", "48000", "-ac", "2"],
			...(options.output ?? ["-flvflags", "no_duration_filesize", "-f", "flv", options.url]),
		];
	}

	/** Begins to push. */
	start() {
		this.#start = performance.now();
		this.#tick();
		return this;
	}

	#tick() {
		const input = this.ffmpeg.child.stdin;
		if (!input?.writable) return;
		const length = 1000 / this.fps;
		const isFull = () => input.writableLength > this.picture.length * waiting;
		const behind = () => performance.now() - this.#start - this.#frame * length;
		if (behind() >= 0 && !isFull()) {
			this.#paint();
			input.write(Buffer.from(this.picture));
			this.#frame++;
		} else if (behind() >= this.patience) {
			this.skipped++;
			this.#start += length;
		}
		// A camera's clock goes on while the machine is busy: what was held up follows at once.
		this.#timer = setTimeout(() => this.#tick(), Math.max(isFull() ? length / 4 : 0, -behind()));
	}

	/** Moves the texture along a loop, and puts the clock on top. */
	#paint() {
		const phase = this.#frame % (2 * pictures);
		const step = phase < pictures ? phase : 2 * pictures - phase;
		const stride = this.width + pictures * 4;
		for (let y = 0; y < this.height; y++) {
			const from = (y + step) * stride + step * 2;
			this.picture.set(this.texture.subarray(from, from + this.width), y * this.width);
		}
		paint(this.picture, this.width, this.height, Date.now());
	}

	#end() {
		clearTimeout(this.#timer);
	}

	/** Ends as a crash does: the connection is lost in the middle of a picture. */
	async crash() {
		this.#end();
		this.ffmpeg.child.kill("SIGKILL");
		await this.ffmpeg.ended;
	}

	async stop() {
		this.#end();
		this.ffmpeg.child.stdin?.end();
		return this.ffmpeg.stop();
	}
}

/**
 * A picture with soft shapes and some grain, the same on every run.
 * @param {number} width
 * @param {number} height
 */
function texture(width, height) {
	const luma = new Uint8Array(width * height);
	let seed = 1;
	for (let y = 0; y < height; y++) {
		for (let x = 0; x < width; x++) {
			seed = (seed * 1103515245 + 12345) & 0x7fffffff;
			const shape = Math.sin(x / 23) + Math.sin(y / 17) + Math.sin((x + y) / 41);
			luma[y * width + x] = 126 + shape * 30 + ((seed >> 16) & 15);
		}
	}
	return luma;
}
