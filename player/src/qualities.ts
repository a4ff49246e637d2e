// The renditions of a broadcast as a viewer chooses among them.
import type { QualityChoice } from "./api.ts";
import type { Say } from "./ui/words.ts";
import { kind, type Manifest } from "./wire/manifest.ts";

/** Pictures from the highest to the lowest, then sound alone. */
export function qualitiesOf({ renditions }: Manifest, say: Say): QualityChoice[] {
	const videos = renditions.filter((r) => r.kind === kind.video);
	const [audio] = renditions.filter((r) => r.kind === kind.audio);
	const choices = videos
		.map(({ name, height, bandwidth }) => ({
			name,
			label: name === "source" ? say("source", { height: `${height}p` }) : name,
			height,
			bandwidth: bandwidth + (audio?.bandwidth ?? 0),
		}))
		.sort((a, b) => b.height - a.height || b.bandwidth - a.bandwidth);
	if (!audio) return choices;
	const { name, bandwidth } = audio;
	return [...choices, { name, label: say("soundOnly"), height: 0, bandwidth }];
}

/** Codecs of a broadcast that this browser can't decode. */
export function undecodable(
	{ renditions }: Manifest,
	supports: (type: string) => boolean,
): string[] {
	// An attached stream need not say what it is made of: then only trying tells.
	const isMissing = (r: Manifest["renditions"][number]) =>
		r.codecs !== "" &&
		!supports(`${r.kind === kind.video ? "video" : "audio"}/mp4; codecs="${r.codecs}"`);
	const videos = renditions.filter((r) => r.kind === kind.video);
	const audios = renditions.filter((r) => r.kind === kind.audio);
	// One rendition that can be decoded is enough.
	return [videos, audios]
		.filter((list) => list.length > 0 && list.every(isMissing))
		.flatMap((list) => [...new Set(list.map((r) => r.codecs))]);
}

/** Whether this browser can decode what a type of media says. */
export function canDecode(type: string): boolean {
	const { ManagedMediaSource } = window as { ManagedMediaSource?: typeof MediaSource };
	return (ManagedMediaSource ?? MediaSource).isTypeSupported(type);
}
