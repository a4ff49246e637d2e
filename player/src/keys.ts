// The keyboard, as on YouTube.

export interface KeyActions {
	togglePlay(): void;
	toggleMute(): void;
	toggleFullscreen(): void;
	toggleCaptions(): void;
	togglePictureInPicture(): void;
	toggleStatistics(): void;
	/** Seconds. */
	seekBy(seconds: number): void;
	/** To a share of what there is, from 0 to 1. */
	seekTo(share: number): void;
	/** From 0 to 1. */
	volumeBy(change: number): void;
	goLive(): void;
}

/** What a key does; undefined when it is none of ours. */
export function actionOf(key: string, on: KeyActions): (() => void) | undefined {
	if (/^[0-9]$/.test(key)) return () => on.seekTo(Number(key) / 10);
	const actions: Record<string, () => void> = {
		" ": on.togglePlay,
		k: on.togglePlay,
		m: on.toggleMute,
		f: on.toggleFullscreen,
		c: on.toggleCaptions,
		i: on.togglePictureInPicture,
		d: on.toggleStatistics,
		j: () => on.seekBy(-10),
		l: () => on.seekBy(10),
		arrowleft: () => on.seekBy(-5),
		arrowright: () => on.seekBy(5),
		arrowup: () => on.volumeBy(0.05),
		arrowdown: () => on.volumeBy(-0.05),
		home: () => on.seekTo(0),
		end: on.goLive,
	};
	const name = key.toLowerCase();
	return Object.hasOwn(actions, name) ? actions[name] : undefined;
}

/** Elements that have a use of their own for some keys, or for all. */
const typed = /^(input|textarea|select)$/;
const pressed = /^(button|a|summary|media-.*-button)$/;
const ranges = /^media-.*-range$/;

/** Whether the element that has the focus wants the key for itself. */
export function isTaken(key: string, name: string): boolean {
	if (typed.test(name)) return true;
	if (pressed.test(name)) return key === " " || key === "Enter";
	return ranges.test(name) && (/^Arrow|^Home$|^End$/.test(key) || key === " ");
}

/** Listens on the player, or on its whole page. */
export function listen(target: EventTarget, on: KeyActions, signal: AbortSignal): void {
	const handle = (event: Event) => {
		const { key, ctrlKey, altKey, metaKey, defaultPrevented } = event as KeyboardEvent;
		if (ctrlKey || altKey || metaKey || defaultPrevented) return;
		const [focused] = event.composedPath();
		if (focused instanceof HTMLElement) {
			if (focused.isContentEditable) return;
			const names = event
				.composedPath()
				.flatMap((e) => (e instanceof HTMLElement ? [e.localName] : []));
			if (names.slice(0, 4).some((name) => isTaken(key, name))) return;
		}
		const action = actionOf(key, on);
		if (!action) return;
		event.preventDefault();
		action();
	};
	target.addEventListener("keydown", handle, { signal });
}
