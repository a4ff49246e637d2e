/** hls.js's decoder of CEA-608, which it does not export: only what is used of it. */
declare module "cea-608-parser" {
	export interface Row {
		chars: { uchar: string }[];
		/** When it was first shown: the decoder wants to be told. */
		cueStartTime: number | null;
		isEmpty(): boolean;
	}
	export interface CaptionScreen {
		rows: Row[];
	}
	/** Told of what is on the screen; times are seconds. */
	export interface Output {
		/** `screen` was shown until `end`; many of these may come until there is something to show. */
		newCue(start: number | null, end: number, screen: CaptionScreen): void;
		/** What was told last is complete. */
		dispatchCue(): void;
		reset(): void;
	}
	export default class Cea608Parser {
		constructor(field: 1 | 3, one: Output, two: Output);
		/** Pairs of bytes that belong to a moment; moments have to be in order. */
		addData(time: number, pairs: number[]): void;
		/** Tells of what has been on the screen up to a moment. */
		cueSplitAtTime(time: number): void;
		reset(): void;
	}
}
