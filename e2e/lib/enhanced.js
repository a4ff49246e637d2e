// A publisher of what Enhanced RTMP adds to RTMP (HEVC, AV1): ffmpeg encodes, and node
// sends, for Debian's ffmpeg and OBS can't.

import { once } from "node:events";
import { connect } from "node:net";
import { pause, run } from "./process.js";

const fps = 30;
const chunkSize = 65_536;

/** How ffmpeg makes each, where its configuration is in a file, and its name in RTMP. */
const kinds = {
	hevc: {
		encode:
			"-c:v libx265 -preset ultrafast -x265-params log-level=error:bframes=0:keyint=30:min-keyint=30:scenecut=0 -tag:v hvc1",
		box: "hvcC",
		name: "hvc1",
	},
	av1: {
		encode: "-c:v libsvtav1 -preset 12 -g 30 -svtav1-params pred-struct=1",
		box: "av1C",
		name: "av01",
	},
};

/** The body of the first box of a name, wherever it is. @param {Buffer} file @param {string} box */
function body(file, box) {
	const at = file.indexOf(box);
	return file.subarray(at + 4, at - 4 + file.readUInt32BE(at - 4));
}

/** The bodies of all boxes of a name at the top of a file. @param {Buffer} file @param {string} box */
function bodies(file, box) {
	const found = [];
	for (let at = 0; at < file.length; at += file.readUInt32BE(at))
		if (file.toString("latin1", at + 4, at + 8) === box)
			found.push(file.subarray(at + 8, at + file.readUInt32BE(at)));
	return found;
}

/** @param {string} text */
const string = (text) => Buffer.concat([Buffer.from([2, 0, text.length]), Buffer.from(text)]);

/** @param {number} value */
function number(value) {
	const data = Buffer.alloc(9);
	data.writeDoubleBE(value, 1);
	return data;
}

/** @param {Record<string, Buffer>} fields AMF values */
const object = (fields) =>
	Buffer.concat([
		Buffer.from([3]),
		...Object.entries(fields).flatMap(([name, value]) => [string(name).subarray(1), value]),
		Buffer.from([0, 0, 9]),
	]);

/** @param {Buffer[]} values */
function array(values) {
	const head = Buffer.from([10, 0, 0, 0, values.length]);
	return Buffer.concat([head, ...values]);
}

const nothing = Buffer.from([5]);

/** A message of RTMP. @param {number} type @param {Buffer} data @param {number} time @param {number} stream */
function message(type, data, time = 0, stream = 0, size = chunkSize) {
	const head = Buffer.alloc(12);
	head[0] = 3;
	head.writeUIntBE(time, 1, 3);
	head.writeUIntBE(data.length, 4, 3);
	head[7] = type;
	head.writeUInt32LE(stream, 8);
	/** @type {Buffer[]} */
	const parts = [head];
	for (let at = 0; at < data.length; at += size) {
		if (at > 0) parts.push(Buffer.from([0xc3]));
		parts.push(data.subarray(at, at + size));
	}
	return Buffer.concat(parts);
}

/**
 * Connects and publishes, in AMF's words.
 * @param {URL} url rtmp://host:port/live/key
 * @param {string} codec
 */
async function open(url, codec) {
	const socket = connect(Number(url.port), url.hostname);
	await once(socket, "connect");
	let received = 0;
	socket.on("data", (data) => {
		received += data.length;
	});
	const answered = async (/** @type {number} */ bytes) => {
		const end = Date.now() + 5000;
		while (received < bytes) {
			if (Date.now() > end || socket.destroyed) throw new Error("no answer over RTMP");
			await pause(10);
		}
	};
	socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(1536)]));
	await answered(1 + 2 * 1536);
	socket.write(Buffer.alloc(1536));
	const size = Buffer.alloc(4);
	size.writeUInt32BE(chunkSize);
	const [app, key] = url.pathname.slice(1).split("/");
	const about = { app: string(app), fourCcList: array([string(codec)]) };
	socket.write(message(1, size));
	socket.write(message(20, Buffer.concat([string("connect"), number(1), object(about)])));
	const hello = received;
	socket.write(message(20, Buffer.concat([string("createStream"), number(2), nothing])));
	await answered(hello + 1);
	const publish = [string("publish"), number(3), nothing, string(key), string("live")];
	socket.write(message(20, Buffer.concat(publish), 0, 1));
	return socket;
}

/**
 * Publishes a moving picture for some seconds in real time, and resolves when it has begun.
 * @param {string} address rtmp://host:port/live/key
 * @param {keyof typeof kinds} kind
 * @param {number} seconds
 */
export async function publish(address, kind, seconds) {
	const { encode, box, name } = kinds[kind];
	const args = `-v error -f lavfi -i testsrc2=size=320x180:rate=${fps} -t ${seconds} ${encode} -pix_fmt yuv420p
		-f mp4 -movflags empty_moov+default_base_moof+frag_every_frame pipe:1`;
	const { code, stdout, stderr } = await run("ffmpeg", args.split(/\s+/));
	if (code !== 0) throw new Error(stderr);
	const socket = await open(new URL(address), name);
	/** @param {number} first @param {Buffer} data @param {number} frame */
	const send = (first, data, frame) => {
		const tag = Buffer.concat([Buffer.from([0x80 | first]), Buffer.from(name), data]);
		socket.write(message(9, tag, Math.round((frame * 1000) / fps), 1));
	};
	send(0x10, body(stdout, box), 0);
	const frames = bodies(stdout, "mdat");
	const began = performance.now();
	let next = 0;
	const timer = setInterval(() => {
		// Whole pictures without a composition time: CodedFramesX for HEVC, CodedFrames for AV1.
		const packet = kind === "hevc" ? 3 : 1;
		for (; next < frames.length && next * 1000 < (performance.now() - began) * fps; next++)
			send((next % 30 === 0 ? 0x10 : 0x20) | packet, frames[next], next);
	}, 10);
	return {
		stop() {
			clearInterval(timer);
			socket.destroy();
		},
	};
}
