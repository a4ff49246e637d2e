// Captions that the video carries in its pictures (CEA-608), as text tracks. hls.js finds
// them in what it plays; its own way to show them begins anew with each part, and tells of a
// caption when it is over.
import Cea608Parser from "cea-608-parser";
import Hls, { type Fragment, type FragParsingUserdataData } from "hls.js";
import { Channel } from "./channel.ts";

type Samples = FragParsingUserdataData["samples"];

/** Seconds without a byte of captions after which what is shown is taken away, as televisions do. */
const forgetAfter = 16;

export class InCaptions {
	readonly #video: HTMLVideoElement;
	readonly #tracks: HTMLTrackElement[] = [];
	readonly #channels: readonly Channel[];
	/** One for each field of the picture, with two channels. */
	readonly #parsers: readonly Cea608Parser[];
	/** Bytes of moments that earlier ones may come after. */
	#waiting: Samples = [];
	#last: Fragment | null = null;
	/** Seconds on the video's timeline: what was decoded so far, and the last bytes. */
	#decoded = 0;
	#heardAt = 0;

	constructor(video: HTMLVideoElement) {
		this.#video = video;
		const channel = (label: string) => new Channel(() => this.#add(label));
		const [one, two] = [channel("CC1"), channel("CC2")];
		const [three, four] = [channel("CC3"), channel("CC4")];
		this.#channels = [one, two, three, four];
		this.#parsers = [new Cea608Parser(1, one, two), new Cea608Parser(3, three, four)];
	}

	/** Listens to a new hls.js, whose timeline may be another. */
	listen(hls: Hls): void {
		this.#reset();
		for (const { track } of this.#tracks) clear(track);
		hls.on(Hls.Events.FRAG_PARSING_USERDATA, (_, { frag, samples }) => this.#take(frag, samples));
		hls.on(Hls.Events.FRAG_LOADED, (_, { frag }) => {
			if (frag.type === "main") this.#take(frag, []);
		});
	}

	stop(): void {
		for (const track of this.#tracks) track.remove();
	}

	#add(label: string): TextTrack {
		const element = document.createElement("track");
		element.kind = "captions";
		element.label = label;
		// Safari takes cues away from tracks without a source. A policy that lets media be
		// blobs need not allow data: for it.
		element.src = URL.createObjectURL(new Blob(["WEBVTT"], { type: "text/vtt" }));
		element.track.mode = "hidden";
		this.#tracks.push(element);
		this.#video.append(element);
		return element.track;
	}

	#reset(): void {
		for (const parser of this.#parsers) parser.reset();
		this.#waiting = [];
	}

	#take(frag: Fragment, samples: Samples): void {
		const { video, audiovideo } = frag.elementaryStreams;
		const end = (video ?? audiovideo)?.endDTS;
		if (end === undefined) return;
		const last = this.#last;
		const isNext = frag.sn === last?.sn || frag.sn === Number(last?.sn) + 1;
		if (!isNext || frag.cc !== last?.cc || end < this.#decoded) this.#reset();
		this.#last = frag;
		this.#decoded = end;
		// Pictures come in the order they are decoded in: others may still be shown before them.
		const all = [...this.#waiting, ...samples].sort((a, b) => a.pts - b.pts);
		this.#waiting = all.filter(({ pts }) => pts >= end - 0.001);
		for (const { pts, bytes } of all.slice(0, all.length - this.#waiting.length))
			if (bytes) this.#decode(pts, bytes);
		if (end - this.#heardAt > forgetAfter) this.#reset();
		for (const parser of this.#parsers) parser.cueSplitAtTime(end);
		for (const channel of this.#channels) channel.dispatchCue();
	}

	/** `bytes` are an A/53 cc_data: a head of two, and three for each pair. */
	#decode(time: number, bytes: Uint8Array): void {
		const pairs: [number[], number[]] = [[], []];
		const count = (bytes[0] ?? 0) & 0x1f;
		for (let i = 2; i < 2 + 3 * count; i += 3) {
			const [head = 0, a = 0, b = 0] = bytes.subarray(i, i + 3);
			// Valid, and of CEA-608.
			if ((head & 0x06) === 0x04 && ((a | b) & 0x7f) !== 0) pairs[head & 1]?.push(a, b);
		}
		for (const [field, parser] of this.#parsers.entries()) {
			if (pairs[field]?.length) this.#heardAt = time;
			parser.addData(time, pairs[field] ?? []);
		}
	}
}

function clear(track: TextTrack): void {
	const { mode } = track;
	if (mode === "disabled") track.mode = "hidden";
	for (const cue of [...(track.cues ?? [])]) track.removeCue(cue);
	track.mode = mode;
}
