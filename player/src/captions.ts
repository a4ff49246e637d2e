// Text tracks of the video: captions in the stream, and those that a page adds.

const kinds: readonly string[] = ["captions", "subtitles"];

export class Captions {
	readonly #video: HTMLVideoElement;
	/** The last one that was shown, to come back to. */
	#last = 0;
	/** Label of the one that is wanted: the next broadcast has others of the same labels. */
	#wanted: string | null = null;

	constructor(video: HTMLVideoElement) {
		this.#video = video;
		video.textTracks.addEventListener("addtrack", () => {
			const index = this.#wanted === null ? -1 : this.labels.indexOf(this.#wanted);
			if (index >= 0 && this.shown < 0) this.show(index);
		});
	}

	get #tracks(): TextTrack[] {
		return [...this.#video.textTracks].filter(({ kind }) => kinds.includes(kind));
	}

	get labels(): string[] {
		return this.#tracks.map(({ label, language }, i) => label || language || `${i + 1}`);
	}

	/** Index of the one that is shown; -1 for none. */
	get shown(): number {
		return this.#tracks.findIndex(({ mode }) => mode === "showing");
	}

	show(index: number): void {
		for (const [i, track] of this.#tracks.entries())
			track.mode = i === index ? "showing" : "disabled";
		this.#wanted = this.labels[index] ?? null;
		if (index >= 0) this.#last = index;
	}

	toggle(): void {
		this.show(this.shown >= 0 ? -1 : this.#last);
	}

	/** Takes over the tracks that a page gives to the player. */
	adopt(tracks: Iterable<HTMLTrackElement>): void {
		for (const track of tracks) this.#video.append(track.cloneNode());
	}
}
