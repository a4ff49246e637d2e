// What a page's player waited for: who told it of each part, who brought which chunk, what it
// asked for and fetched, and when that was appended. Noted outside of the player, where it meets
// the browser (data channels, fetch, source buffers), so that a stall can be read afterwards.

/**
 * @typedef {object} Note what happened, by whom, to what; a field that does not apply is left out
 * @property {number} at ms since 1970
 * @property {"head" | "chunk" | "asked" | "absent" | "closed" | "fetch" | "answer" | "fetched" | "failed"
 *   | "appended" | "look"} what
 * @property {string} [by] "peer 3", or "feed"
 * @property {number} [rendition]
 * @property {number} [number]
 * @property {number} [chunk]
 * @property {number} [end] of a part, on the broadcast's timeline; of what was appended, on the video's; seconds
 * @property {number} [bytes]
 * @property {number} [age] of a part's last picture when its head came, in ms
 * @property {string} [path] the address, and the range of it
 * @property {string} [kind] "video" or "audio"
 * @property {number} [time] the playhead, seconds
 * @property {number} [buffer] seconds ahead of it
 * @property {number} [ready] the element's readyState
 *
 * @typedef {object} Stand a playhead that stood, or jumped
 * @property {number} at ms since 1970
 * @property {number} seconds negative for a jump ahead
 * @property {number} buffer seconds that it had to play at the least
 * @property {number} late seconds by which the page's own timer was late at the most
 * @property {Note[]} [notes] what was noted around it
 * @property {string[]} [names] of renditions
 *
 * @typedef {object} Waited the part that it stood for: when and by whom, in milliseconds after it began to stand
 * @property {string} part
 * @property {string[]} [head]
 * @property {string[]} [chunks]
 * @property {string[]} [asked]
 * @property {string[]} [absent]
 * @property {string[]} [fetches]
 * @property {number} appended
 */

/** Begins to note, in `window.record`. It is given to a page as text, and runs before all else. */
export function record() {
	const keepFor = 10_000;
	/** @type {Note[]} */
	const notes = [];
	/** @type {string[]} renditions by index */
	const names = [];
	Object.assign(window, { record: { notes, names } });
	/** @param {Note["what"]} what @param {Omit<Note, "at" | "what">} more */
	const note = (what, more) => {
		const at = Math.round(performance.timeOrigin + performance.now());
		notes.push({ at, what, ...more });
		while (notes[0].at < at - keepFor) notes.shift();
	};

	/** Fields of the protocol (docs/protocol.md §1). @param {Uint8Array} bytes */
	const reader = (bytes) => {
		let at = 0;
		const uvarint = () => {
			let value = 0;
			for (let scale = 1; ; scale *= 128) {
				const byte = bytes[at++] ?? 0;
				value += (byte & 127) * scale;
				if (byte < 128) return value;
			}
		};
		/** @param {number} length */
		const raw = (length) => {
			at += length;
			return bytes.subarray(at - length, at);
		};
		return { uvarint, raw, bytes: () => raw(uvarint()) };
	};
	/** @param {string} by @param {Uint8Array} payload */
	const heads = (by, payload) => {
		const body = reader(reader(payload).bytes());
		for (let left = body.uvarint(); left > 0; left--) {
			const head = reader(body.bytes());
			const [rendition, number, , , start, duration, program] = Array.from(
				{ length: 8 },
				head.uvarint,
			);
			head.raw(1);
			head.uvarint();
			const [end, bytes] = [(start + duration) / 1e6, head.uvarint()];
			const age = Math.round(Date.now() - program - duration / 1e3);
			note("head", { by, rendition, number, end, bytes, age });
		}
	};
	/** @param {Uint8Array} payload */
	const manifest = (payload) => {
		const body = reader(reader(payload).bytes());
		body.raw(1);
		body.bytes();
		body.bytes();
		body.raw(32 + 32 + 8 + 64);
		body.uvarint();
		body.raw(24);
		for (let i = 0; i < 3; i++) body.uvarint();
		const count = body.uvarint();
		for (let i = 0; i < count; i++)
			names[i] = new TextDecoder().decode(reader(body.bytes()).bytes());
	};
	/** @param {string} by @param {number} type @param {Uint8Array} payload */
	const understand = (by, type, payload) => {
		if (type === 2) return manifest(payload);
		if (type === 3) return heads(by, payload);
		if (type !== 5 && type !== 6 && type !== 8) return;
		const { uvarint } = reader(payload);
		const part = { by, rendition: uvarint(), number: uvarint() };
		if (type === 6) note("chunk", { ...part, chunk: uvarint() });
		else note(type === 5 ? "asked" : "absent", part);
	};

	/** @param {string} by @param {RTCDataChannel} channel */
	const hear = (by, channel) => {
		channel.addEventListener("message", ({ data }) => {
			const bytes = new Uint8Array(data);
			understand(by, bytes[0], bytes.subarray(1));
		});
		channel.addEventListener("close", () => note("closed", { by }));
		const send = channel.send.bind(channel);
		channel.send = (/** @type {any} */ bytes) => {
			if (bytes[0] === 5) understand(by, 5, bytes.subarray(1));
			send(bytes);
		};
	};
	let peers = 0;
	window.RTCPeerConnection = class extends window.RTCPeerConnection {
		by = `peer ${++peers}`;
		/** @param {RTCConfiguration} [configuration] */
		constructor(configuration) {
			super(configuration);
			this.addEventListener("datachannel", ({ channel }) => hear(this.by, channel));
		}
		/** @param {string} label @param {RTCDataChannelInit} [options] @returns {RTCDataChannel} */
		createDataChannel(label, options) {
			const channel = super.createDataChannel(label, options);
			hear(this.by, channel);
			return channel;
		}
	};

	/** Reads along. @param {ReadableStream<Uint8Array>} stream */
	const feed = (stream) => {
		const inner = stream.getReader();
		let pending = new Uint8Array(0);
		/** @param {Uint8Array} bytes */
		const take = (bytes) => {
			const all = new Uint8Array(pending.length + bytes.length);
			all.set(pending);
			all.set(bytes, pending.length);
			pending = all;
			for (;;) {
				const start = pending.subarray(1, 5).findIndex((byte) => byte < 128) + 2;
				const length = start > 1 ? reader(pending.subarray(1)).uvarint() : 0;
				if (start < 2 || pending.length < start + length) return;
				understand("feed", pending[0], pending.subarray(start, start + length));
				pending = pending.subarray(start + length);
			}
		};
		const read = async () => {
			const piece = await inner.read();
			if (piece.value) take(piece.value);
			return piece;
		};
		return { getReader: () => ({ read }) };
	};
	const ask = window.fetch;
	window.fetch = async (input, init) => {
		const url = new URL(input instanceof Request ? input.url : input, location.href);
		const range = new Headers(init?.headers).get("range") ?? "";
		const path = `${url.pathname.split("/").slice(-2).join("/")}${url.search} ${range}`.trim();
		note("fetch", { path });
		try {
			const response = await ask(input, init);
			note("answer", { path });
			if (response.body && url.pathname.endsWith("/feed"))
				Object.defineProperty(response, "body", { value: feed(response.body) });
			response.arrayBuffer = async () => {
				const bytes = await Response.prototype.arrayBuffer.call(response);
				note("fetched", { path, bytes: bytes.byteLength });
				return bytes;
			};
			return response;
		} catch (error) {
			note("failed", { path });
			throw error;
		}
	};

	const { addSourceBuffer } = MediaSource.prototype;
	MediaSource.prototype.addSourceBuffer = function (type) {
		const buffer = addSourceBuffer.call(this, type);
		let bytes = 0;
		buffer.appendBuffer = (data) => {
			bytes = data.byteLength;
			SourceBuffer.prototype.appendBuffer.call(buffer, data);
		};
		buffer.addEventListener("updateend", () => {
			const { length } = buffer.buffered;
			const end = length > 0 ? buffer.buffered.end(length - 1) : 0;
			if (bytes > 0) note("appended", { kind: type.slice(0, 5), bytes, end });
			bytes = 0;
		});
		return buffer;
	};
	setInterval(() => {
		const video = document.querySelector("live-relay")?.shadowRoot?.querySelector("video");
		if (!video) return;
		const { buffered, currentTime: time, readyState: ready } = video;
		const end = buffered.length > 0 ? buffered.end(buffered.length - 1) : time;
		note("look", { time, buffer: end - time, ready });
	}, 50);
}

/**
 * The part at which the buffer of a playhead that stood had ended; null when none came.
 * @param {Stand} stand
 * @returns {Waited | null}
 */
export function waitedFor({ at, notes = [], names = [] }) {
	const appended = notes.filter(({ what }) => what === "appended");
	/** Where each of picture and sound ended, and what came next. */
	const ends = ["video", "audio"].map((kind) => {
		const own = appended.filter((a) => a.kind === kind);
		return { last: own.findLast((a) => a.at <= at), next: own.find((a) => a.at > at) };
	});
	const starved = ends
		.filter((e) => e.next)
		.toSorted((a, b) => (a.last?.end ?? 0) - (b.last?.end ?? 0));
	const next = starved[0]?.next;
	if (!next) return null;
	const heads = notes.filter(({ what }) => what === "head");
	const head = heads.findLast((h) => h.bytes === next.bytes && h.at <= next.at);
	const since = (/** @type {Note} */ n) => n.at - at;
	if (!head) return { part: `${next.bytes} bytes`, appended: since(next) };
	const name = names[head.rendition ?? -1] ?? `${head.rendition}`;
	const own = notes.filter((n) => n.rendition === head.rendition && n.number === head.number);
	const files = notes.filter((n) => n.path?.startsWith(`${name}/p${head.number}.`));
	const list = (/** @type {Note["what"]} */ what) =>
		own
			.filter((n) => n.what === what)
			.map((n) => `${since(n)} ${n.by}${n.age === undefined ? "" : ` aged ${n.age}`}`);
	return {
		part: `${name} ${head.number}`,
		head: list("head"),
		chunks: own
			.filter(({ what }) => what === "chunk")
			.map((n) => `${n.chunk}: ${since(n)} ${n.by}`),
		asked: list("asked"),
		absent: list("absent"),
		fetches: files.map((n) => `${n.what} ${since(n)}`),
		appended: since(next),
	};
}

/** Seconds of media ahead with which a playhead that stands waits for the machine. */
const fed = 0.3;

/** Those of a playhead that had media to play: a busy machine held it up. @param {Stand[]} stands */
export const heldUp = (stands) =>
	stands.filter(({ buffer, seconds }) => buffer >= fed && seconds > 0);

/** How long a playhead stood and for what, in a line. @param {Stand} stand */
export function told(stand) {
	const { seconds, buffer } = stand;
	const stood = `${seconds.toFixed(2)} s with ${buffer.toFixed(2)} s to play`;
	const waited = waitedFor(stand);
	if (!waited) return `${stood}: nothing came within two seconds`;
	const { part, head = [], chunks = [], fetches = [], appended } = waited;
	const last = chunks.at(-1)?.replace(": ", " at ") ?? "none";
	const words = [`head ${head[0] ?? "unknown"}`, `last chunk ${last}`, ...fetches];
	return `${stood}: ${part}: ${words.join(", ")}, appended ${appended}`;
}
