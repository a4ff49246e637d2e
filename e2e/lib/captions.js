// A recording whose pictures carry captions, as broadcasters' encoders write them: CEA-608
// bytes in the H.264 stream's SEI messages (ATSC A/53 Part 4, 6.2.3), one pair a picture.

import { readFileSync, writeFileSync } from "node:fs";
import { run } from "./process.js";

const fps = 30;

/** Pictures from one caption to the next. */
const every = 2 * fps;

/** Odd parity, as on a line of an analogue picture. @param {number} byte */
function parity(byte) {
	let ones = 0;
	for (let bits = byte; bits > 0; bits >>= 1) ones += bits & 1;
	return ones % 2 ? byte : byte | 0x80;
}

/** Control codes of channel 1; each is sent twice. */
const control = { load: 0x20, erase: 0x2c, clear: 0x2e, show: 0x2f };

/** The words of caption i, from 0. @param {number} i */
export const words = (i) => `CAPTION ${String(i).padStart(4, "0")} <&>`;

/** The pair of bytes for picture n: caption n/every is loaded, and shown by its last. @param {number} n */
function pair(n) {
	const text = words(Math.floor(n / every));
	const bytes = Buffer.from(text.padEnd(text.length + (text.length % 2)));
	/** @type {[number, number][]} */
	const pairs = [control.load, control.clear].flatMap((code) => twice(0x14, code));
	pairs.push(...twice(0x14, 0x70)); // row 15
	for (let i = 0; i < bytes.length; i += 2) pairs.push([bytes[i], bytes[i + 1]]);
	pairs.push(...twice(0x14, control.erase), ...twice(0x14, control.show));
	// Its last pairs come with the last pictures before the next one's.
	return pairs[(n % every) - (every - pairs.length)] ?? [0, 0];
}

/** @param {number} a @param {number} b @returns {[number, number][]} */
const twice = (a, b) => [
	[a, b],
	[a, b],
];

/** An SEI message with its length, to stand before a picture. @param {number} n */
function message(n) {
	const [a, b] = pair(n).map(parity);
	const user = [0xb5, 0x00, 0x31, ...Buffer.from("GA94"), 0x03, 0x41, 0xff, 0xfc, a, b, 0xff];
	const unit = Buffer.from([0x06, 0x04, user.length, ...user, 0x80]);
	const length = Buffer.alloc(4);
	length.writeUInt32BE(unit.length);
	return Buffer.concat([length, unit]);
}

/** Puts captions into a recording of H.264 in FLV. @param {Buffer} flv */
function caption(flv) {
	const out = [flv.subarray(0, 13)];
	for (let at = 13; at + 15 <= flv.length; ) {
		const size = flv.readUIntBE(at + 1, 3);
		const tag = Buffer.from(flv.subarray(at, at + 11));
		let body = flv.subarray(at + 11, at + 11 + size);
		const isPicture = tag[0] === 9 && (body[0] & 0x0f) === 7 && body[1] === 1;
		if (isPicture) {
			// Captions go by when a picture is shown, which is not the order it comes in.
			const shown = tag.readUIntBE(4, 3) + (tag[7] << 24) + body.readIntBE(2, 3);
			const sei = message(Math.round((shown * fps) / 1000));
			body = Buffer.concat([body.subarray(0, 5), sei, body.subarray(5)]);
		}
		tag.writeUIntBE(body.length, 1, 3);
		const end = Buffer.alloc(4);
		end.writeUInt32BE(tag.length + body.length);
		out.push(tag, body, end);
		at += 11 + size + 4;
	}
	return Buffer.concat(out);
}

/**
 * Makes a recording with a caption every two seconds, B-frames included.
 * @param {string} file
 * @param {number} seconds
 */
export async function record(file, seconds) {
	const made = await run("ffmpeg", [
		...`-v error -f lavfi -i testsrc2=size=640x360:rate=${fps}`.split(" "),
		..."-f lavfi -i sine=frequency=440:sample_rate=48000".split(" "),
		...["-t", String(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2"],
		...["-b_strategy", "0", "-g", String(fps * 2), "-sc_threshold", "0", "-pix_fmt", "yuv420p"],
		..."-c:a aac -b:a 96k -ac 2 -f flv".split(" "),
		file,
	]);
	if (made.code !== 0) throw new Error(made.stderr);
	writeFileSync(file, caption(readFileSync(file)));
}
