// One caption channel of the video as a text track.
//
// A caption is shown while it lasts: nobody knows for how long when it comes, a second
// before it is played. So its cues end where what was loaded ends, and grow with it.
import type { CaptionScreen, Output, Row } from "cea-608-parser";

/** Seconds after its end for which a cue is kept, for those who go back. */
const keptFor = 60;
/** Characters in a row, and the part of the picture's width, in percent, that they are within. */
const columns = 32;
const safe = { from: 10, width: 80 };

export class Channel implements Output {
	/** The text track; null until there is something to show. */
	#track: TextTrack | null = null;
	readonly #make: () => TextTrack;
	/** What was told since it was complete the last time. */
	#told: { start: number; end: number; screen: CaptionScreen } | null = null;
	/** What is shown up to the end of what was loaded. */
	#open: { cues: VTTCue[]; rows: string } | null = null;

	/** `make` adds a text track to the video. */
	constructor(make: () => TextTrack) {
		this.#make = make;
	}

	newCue(start: number | null, end: number, screen: CaptionScreen): void {
		this.#told = { start: this.#told?.start ?? start ?? end, end, screen };
	}

	dispatchCue(): void {
		if (!this.#told) return;
		const { start, end, screen } = this.#told;
		this.#told = null;
		const shown = screen.rows.flatMap((row, i) => (row.isEmpty() ? [] : [written(row, i)]));
		if (shown.length === 0 || end <= start) return;
		for (const row of screen.rows) row.cueStartTime = start;
		const rows = JSON.stringify(shown);
		const open = this.#open;
		const isSame = open?.rows === rows && (open.cues[0]?.endTime ?? 0) >= start - 0.001;
		if (isSame) for (const cue of open.cues) cue.endTime = end;
		else this.#show(start, end, shown, rows);
	}

	#show(start: number, end: number, shown: Written[], rows: string): void {
		this.#track ??= this.#make();
		const track = this.#track;
		const { mode } = track;
		// A track that is disabled has no cues to look at.
		if (mode === "disabled") track.mode = "hidden";
		for (const cue of [...(track.cues ?? [])])
			if (cue.startTime >= start || cue.endTime < start - keptFor) track.removeCue(cue);
		const cues = shown.map((row) => cueOf(row, start, end));
		for (const cue of cues) track.addCue(cue);
		track.mode = mode;
		this.#open = { cues, rows };
	}

	/** What comes next does not go on from what there was. */
	reset(): void {
		this.#told = null;
		this.#open = null;
	}
}

interface Written {
	row: number;
	indent: number;
	text: string;
}

function written({ chars }: Row, row: number): Written {
	const all = chars.map(({ uchar }) => uchar).join("");
	const text = all.trim();
	return { row, indent: all.indexOf(text), text };
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;" };

function cueOf({ row, indent, text }: Written, start: number, end: number): VTTCue {
	const escaped = text.replace(/[&<]/g, (character) => escapes[character] ?? character);
	const cue = new VTTCue(start, end, escaped);
	cue.line = row + 1;
	cue.align = "left";
	cue.position = safe.from + (indent * safe.width) / columns;
	return cue;
}
