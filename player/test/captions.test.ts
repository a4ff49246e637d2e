// Captions in the video: from bytes in the order of decoding to cues that grow.
import Hls, { type Fragment } from "hls.js";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { InCaptions } from "../src/hls/incaptions.ts";

class Cue {
	line = 0;
	align = "";
	position = 0;
	constructor(
		public startTime: number,
		public endTime: number,
		public text: string,
	) {}
}

/** As much of a track as captions want. */
class Track {
	kind = "";
	label = "";
	src = "";
	track = {
		mode: "disabled",
		cues: [] as Cue[],
		addCue(cue: Cue) {
			this.cues.push(cue);
		},
		removeCue(cue: Cue) {
			this.cues = this.cues.filter((other) => other !== cue);
		},
	};
	remove() {}
}

type Handler = (name: string, data: unknown) => void;
type Sample = { pts: number; bytes: Uint8Array };

const frame = 1 / 30;

/** A cc_data with one pair of a field. */
const pair = (a: number, b: number, field = 0) =>
	Uint8Array.of(0x41, 0xff, 0xfc | field, a | 0x80, b | 0x80, 0xff);

/** Commands come twice. */
const twice = (code: number): [number, number][] => [
	[0x14, code],
	[0x14, code],
];

/** The pairs of a caption that is loaded and then shown. */
function popOn(text: string): [number, number][] {
	const pairs = [...twice(0x20), ...twice(0x2e), ...twice(0x70)];
	const even = text.padEnd(text.length + (text.length % 2));
	for (let i = 0; i < even.length; i += 2) pairs.push([even.charCodeAt(i), even.charCodeAt(i + 1)]);
	return [...pairs, ...twice(0x2c), ...twice(0x2f)];
}

describe("captions in the video", () => {
	let tracks: Track[];
	let handlers: Map<string, Handler>;

	beforeEach(() => {
		tracks = [];
		handlers = new Map();
		vi.stubGlobal("VTTCue", Cue);
		vi.stubGlobal("document", { createElement: () => new Track() });
		const video = { append: (track: Track) => tracks.push(track) };
		const hls = { on: (name: string, handler: Handler) => handlers.set(name, handler) };
		new InCaptions(video as unknown as HTMLVideoElement).listen(hls as unknown as Hls);
	});

	/** A part of segment sn, decoded up to a moment. */
	function part(sn: number, endDTS: number, samples: Sample[] = []): void {
		const frag = { sn, cc: 0, type: "main", elementaryStreams: { video: { endDTS } } };
		const data = { frag: frag as unknown as Fragment, samples };
		if (samples.length > 0) handlers.get(Hls.Events.FRAG_PARSING_USERDATA)?.("", data);
		handlers.get(Hls.Events.FRAG_LOADED)?.("", data);
	}

	/** Plays pairs, one a picture, in parts of `size` pictures, eight parts to a segment. */
	function play(pairs: readonly (readonly [number, number])[], size: number, from = 0): void {
		for (let i = 0; i < pairs.length; i += size) {
			const samples = pairs
				.slice(i, i + size)
				.map(([a, b], j) => ({ pts: (from + i + j) * frame, bytes: pair(a, b) }));
			const number = (from + i) / size;
			part(Math.floor(number / 8), (from + i + size) * frame, samples);
		}
	}

	const cues = () =>
		(tracks[0]?.track.cues ?? []).map(({ startTime, endTime, text }) => ({
			from: Math.round(startTime / frame),
			to: Math.round(endTime / frame),
			text,
		}));

	test("are put together over parts and segments, and last while they are shown", () => {
		const load = popOn("HELLO <&>");
		const nothing = Array.from({ length: 84 - load.length }, () => [0, 0] as const);
		play([...load, ...nothing], 4);
		const shown = load.length - 2; // the command to show it is sent twice
		expect(cues()).toEqual([{ from: shown, to: 84, text: "HELLO &lt;&amp;>" }]);
		expect(tracks[0]?.label).toBe("CC1");
		play([...twice(0x2c), [0, 0], [0, 0]], 4, 84);
		expect(cues()).toEqual([{ from: shown, to: 84, text: "HELLO &lt;&amp;>" }]);
	});

	test("come in the order in which pictures are shown, whatever part they are in", () => {
		const load = popOn("ABCDEFGH");
		const all = load.map(([a, b], i) => ({ pts: i * frame, bytes: pair(a, b) }));
		// Each fourth picture is decoded before the three that it is shown after.
		const decoded = all.map((_, i) => all[i % 4 === 0 ? i + 3 : i - 1] ?? all[i]!);
		for (const [i, sample] of decoded.entries()) part(i >> 3, i * frame, [sample]);
		part(decoded.length >> 3, (decoded.length + 3) * frame);
		expect(cues().map(({ text }) => text)).toEqual(["ABCDEFGH"]);
	});

	test("that are typed are shown as they are typed", () => {
		play([...twice(0x25), ...twice(0x70), [0x41, 0x42], [0x43, 0x44], [0, 0], [0, 0]], 2);
		expect(cues().map(({ text }) => text)).toEqual(["ABCD"]);
		play(
			[
				[0x45, 0x46],
				[0, 0],
			],
			2,
			8,
		);
		expect(cues().map(({ text }) => text)).toEqual(["ABCD", "ABCDEF"]);
	});

	test("of half a caption are not shown after a jump", () => {
		const load = popOn("HELLO");
		play(load.slice(0, 8), 4);
		play(load.slice(8), 4, 4000);
		expect(cues()).toEqual([]);
	});

	test("that nobody takes away are gone after 16 s without a byte", () => {
		play(popOn("HELLO"), 4);
		for (let i = 1; i < 30; i++) part(i >> 2, i);
		const { to } = cues().at(-1)!;
		expect(to * frame).toBeGreaterThan(15);
		expect(to * frame).toBeLessThan(18);
	});
});
