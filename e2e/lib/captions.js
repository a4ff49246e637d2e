// Captions as broadcasters send them: CEA-608, two bytes with each picture, in an SEI
// message of its H.264 (ATSC A/53 part 4, 6.2.3). FLV goes in and comes out; nothing but
// the pictures' SEI is added.

import { Transform } from "node:stream";
import { Process } from "./process.js";
import { Publisher } from "./publisher.js";

/** Pictures from one line of captions to the next. */
const every = 60;

/** A pusher whose pictures carry captions. */
export class CaptionedPublisher extends Publisher {
	/** @param {import("./publisher.js").PublisherOptions} options */
	constructor(options) {
		super({ ...options, output: ["-flvflags", "no_duration_filesize", "-f", "flv", "-"] });
		const args = "-hide_banner -loglevel warning -fflags nobuffer -f flv -i - -c copy -f flv";
		this.sender = new Process("ffmpeg", [...args.split(" "), options.url], {
			stdio: ["pipe", "pipe", "pipe"],
		});
		const { stdin } = this.sender.child;
		const { stdout } = this.ffmpeg.child;
		if (!stdin || !stdout) throw new Error("ffmpeg has no pipes");
		stdin.on("error", () => {});
		stdout.pipe(new Captioner()).pipe(stdin);
	}

	async stop() {
		const code = await super.stop();
		await this.sender.stop();
		return code;
	}
}

/** Adds captions to FLV: "line 1", "line 2", … */
class Captioner extends Transform {
	#pending = Buffer.alloc(0);
	#hasHeader = false;
	#picture = 0;
	/** @type {number[][]} pairs of bytes that wait for their pictures */
	#pairs = [];

	/** @param {Buffer} chunk @param {string} _ @param {() => void} done */
	_transform(chunk, _, done) {
		this.#pending = Buffer.concat([this.#pending, chunk]);
		if (!this.#hasHeader && this.#pending.length >= 13) {
			this.push(this.#take(13));
			this.#hasHeader = true;
		}
		while (this.#hasHeader && this.#pending.length >= 11) {
			const size = this.#pending.readUIntBE(1, 3);
			if (this.#pending.length < 15 + size) break;
			const tag = this.#take(15 + size);
			const isPicture = tag[0] === 9 && (tag[11] & 15) === 7 && tag[12] === 1;
			this.push(isPicture ? this.#caption(tag, size) : tag);
		}
		done();
	}

	/** @param {number} length */
	#take(length) {
		const taken = this.#pending.subarray(0, length);
		this.#pending = this.#pending.subarray(length);
		return taken;
	}

	/** @param {Buffer} tag @param {number} size of its body */
	#caption(tag, size) {
		if (this.#picture % every === 0) this.#pairs = line(`line ${this.#picture / every + 1}`);
		this.#picture++;
		const sei = message(this.#pairs.shift() ?? [0x80, 0x80]);
		const length = Buffer.alloc(4);
		length.writeUInt32BE(sei.length);
		const header = Buffer.from(tag.subarray(0, 16));
		header.writeUIntBE(size + 4 + sei.length, 1, 3);
		const end = Buffer.alloc(4);
		end.writeUInt32BE(11 + size + 4 + sei.length);
		return Buffer.concat([header, length, sei, tag.subarray(16, 11 + size), end]);
	}
}

/** A byte with odd parity. @param {number} byte */
function odd(byte) {
	let ones = 0;
	for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1;
	return ones % 2 === 1 ? byte : byte | 0x80;
}

/** Pairs that roll up a line: control codes are sent twice. @param {string} text */
function line(text) {
	const [rollUp, carriageReturn, row15] = [
		[0x14, 0x25],
		[0x14, 0x2d],
		[0x14, 0x70],
	];
	const codes = [rollUp, rollUp, carriageReturn, carriageReturn, row15, row15];
	const padded = text.length % 2 === 0 ? text : `${text} `;
	for (let i = 0; i < padded.length; i += 2)
		codes.push([padded.charCodeAt(i), padded.charCodeAt(i + 1)]);
	return codes.map((pair) => pair.map(odd));
}

/**
 * An SEI message with one pair of field 1; no run of zeros in it has to be broken up.
 * @param {number[]} pair
 */
function message([first, second]) {
	const data = [
		...[0xb5, 0x00, 0x31, ...Buffer.from("GA94"), 0x03], // who defines it, and what it is
		...[0x41, 0xff, 0xfc, first, second, 0xff], // one triplet, of field 1
	];
	return Buffer.from([6, 4, data.length, ...data, 0x80]);
}
