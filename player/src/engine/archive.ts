// What was before the player joined, as far back as the server keeps it: its heads by a
// feed without media, its parts one by one, checked like all others.
import { readFeed } from "../net/feed.ts";
import { get } from "../net/http.ts";
import { Part } from "../peer/part.ts";
import type { Stats } from "../stats.ts";
import type { Trust } from "../trust.ts";
import type { Head } from "../wire/heads.ts";
import { type as messageType, type PartName } from "../wire/messages.ts";
import { key } from "./fetches.ts";
import type { Tracks } from "./tracks.ts";

interface ArchiveOptions {
	join: { base: string };
	trust: Trust;
	stats: Stats;
}

/** Milliseconds that the heads may take. */
const patience = 5000;

export class Archive {
	readonly #options: ArchiveOptions;
	readonly #tracks: Tracks;
	readonly #signal: AbortSignal;
	readonly #heads = new Map<string, Head>();

	constructor(options: ArchiveOptions, tracks: Tracks, signal: AbortSignal) {
		this.#options = options;
		this.#tracks = tracks;
		this.#signal = signal;
	}

	/** Puts what there is before into the timelines of what is followed. */
	async open(): Promise<void> {
		const tracks = this.#tracks;
		const before = new Map<number, Head[]>();
		for (const rendition of tracks.followed) before.set(rendition, []);
		await this.#read(before);
		for (const [rendition, older] of before) {
			const timeline = tracks.timeline(rendition);
			timeline.prepend(older);
			for (const head of timeline.heads()) this.#heads.set(key(head), head);
		}
	}

	/** Reads heads until what is known already begins. */
	async #read(before: Map<number, Head[]>): Promise<void> {
		const { join, trust, stats } = this.#options;
		const { base } = join;
		const [tracks, signal] = [this.#tracks, this.#signal];
		const names = [...before.keys()].map((r) => tracks.rendition(r).name);
		const wanted = names.map((name) => ({ name, stripes: 0, from: 0 }));
		const end = new AbortController();
		const stop = () => end.abort();
		signal.addEventListener("abort", stop);
		const timer = setTimeout(stop, patience);
		const isKnown = ({ rendition, number }: Head) =>
			number >= (tracks.timeline(rendition).oldest?.number ?? 0);
		const left = new Set(before.keys());
		const take = (head: Head) => {
			if (isKnown(head)) left.delete(head.rendition);
			else before.get(head.rendition)?.push(head);
		};
		stats.requests++;
		const onFrames = async (frames: { type: number; payload: Uint8Array }[]) => {
			for (const { type, payload } of frames)
				if (type === messageType.heads)
					for (const head of await trust.acceptHeads(payload)) take(head);
			if (left.size === 0) stop();
		};
		const onBytes = (bytes: number) => {
			stats.httpBytes += bytes;
		};
		await readFeed({ base, wanted, signal: end.signal, onOpen: () => {}, onFrames, onBytes }).catch(
			() => {},
		);
		clearTimeout(timer);
		signal.removeEventListener("abort", stop);
	}

	has(part: PartName): boolean {
		return this.#heads.has(key(part));
	}

	/** The bytes of a part; null when it can't be had any more, or is not what was signed. */
	async part(name: PartName): Promise<Uint8Array | null> {
		const head = this.#heads.get(key(name));
		if (!head || head.gap) return null;
		const part = new Part(name);
		part.head = head;
		part.range = { first: 0, count: head.chunks.length };
		try {
			const url = this.#tracks.partUrl(name.rendition, name.number);
			const { bytes } = await get(url, this.#options.stats, this.#signal);
			const chunks = part.cut(bytes);
			return chunks?.every(({ chunk, bytes }) => part.isRight(chunk, bytes)) ? bytes : null;
		} catch {
			return null;
		}
	}
}
