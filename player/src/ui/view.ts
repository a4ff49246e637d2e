// All that is seen of a player: the picture, media-chrome's controls around it, and
// what lies over it. It knows nothing of streams.
import "media-chrome/dist/media-controller.js";
import "media-chrome/dist/media-control-bar.js";
import "media-chrome/dist/media-airplay-button.js";
import "media-chrome/dist/media-cast-button.js";
import "media-chrome/dist/media-fullscreen-button.js";
import "media-chrome/dist/media-live-button.js";
import "media-chrome/dist/media-mute-button.js";
import "media-chrome/dist/media-pip-button.js";
import "media-chrome/dist/media-play-button.js";
import "media-chrome/dist/media-time-range.js";
import "media-chrome/dist/media-volume-range.js";
import type { History } from "../history.ts";
import type { Stats } from "../stats.ts";
import { Ask } from "./ask.ts";
import { iconButton, make, setText, textButton } from "./dom.ts";
import { icon } from "./icons.ts";
import { type Message, MessageBox } from "./message.ts";
import { Settings, type SettingsHandlers, type SettingsState } from "./settings.ts";
import { adopt } from "./shadow.ts";
import { Share, type Snippet } from "./share.ts";
import { Statistics } from "./statistics.ts";
import { style } from "./style.ts";
import { controlWord, directionOf, type Language, type Say, sayIn } from "./words.ts";

export interface ViewHandlers extends Omit<SettingsHandlers, "onShare" | "onStatistics"> {
	goLive(): void;
	/** To a moment on the video's timeline. */
	seek(time: number): void;
	/** The viewer's answer to whether the stream may be shared. */
	onAnswer(mayShare: boolean): void;
	toggleCaptions(): void;
	snippets(): Promise<readonly Snippet[]>;
}

/** The controller of media-chrome, as far as it is used here. */
interface Controller extends HTMLElement {
	fullscreenElement: HTMLElement;
}

export class View {
	readonly video: HTMLVideoElement;
	readonly say: Say;
	readonly #host: HTMLElement;
	readonly #seconds: Intl.NumberFormat;
	readonly #controller: Controller;
	readonly #message = new MessageBox();
	readonly #settings: Settings;
	readonly #statistics: Statistics;
	readonly #share: Share;
	readonly #ask: Ask;
	readonly #title = make("span", { class: "name" });
	readonly #behind = make("span", { class: "behind", part: "latency" });
	readonly #poster = make("img", {
		slot: "poster",
		part: "poster",
		alt: "",
		"aria-hidden": "true",
	});
	/** Stands where there would be a picture. */
	readonly #sound = make("p", { class: "sound-only", part: "sound-only" });
	readonly #captions: HTMLButtonElement;
	readonly #unmute: HTMLButtonElement;
	#isShown = true;

	constructor(
		host: HTMLElement,
		root: ShadowRoot,
		video: HTMLVideoElement,
		language: Language,
		handlers: ViewHandlers,
	) {
		this.#host = host;
		this.video = video;
		this.say = sayIn(language);
		const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
		this.#seconds = new Intl.NumberFormat(language, digits);
		const { say } = this;
		this.#share = new Share(say, () => handlers.snippets());
		this.#statistics = new Statistics(say, language);
		this.#settings = new Settings(say, {
			...handlers,
			onShare: () => this.#only(this.#share.sheet),
			onStatistics: () => this.#only(this.#statistics.sheet),
		});
		this.#ask = new Ask(say, (mayShare) => handlers.onAnswer(mayShare));
		this.#captions = iconButton("captions", say("captions"), () => handlers.toggleCaptions());
		this.#captions.hidden = true;
		this.#unmute = textButton(say("sound"), () => this.#soundOn(), "plain sound");
		this.#unmute.prepend(icon("muted"));
		this.#unmute.hidden = true;
		this.#poster.hidden = true;
		setText(this.#sound, say("soundOnly"));
		this.#sound.hidden = true;
		this.#poster.addEventListener("error", () => this.setPoster(""));
		this.#controller = this.#makeController(language, handlers);
		const name = controlWord(language, "video player") ?? "";
		const frame = make("div", { class: "frame", role: "region", "aria-label": name });
		frame.lang = language;
		frame.dir = directionOf(language);
		const over = [this.#sound, this.#unmute, this.#message.element, this.#ask.element];
		const sheets = [this.#settings, this.#statistics, this.#share].map(
			({ sheet }) => sheet.element,
		);
		frame.append(this.#controller, ...over, ...sheets);
		root.adoptedStyleSheets = [];
		root.replaceChildren(frame);
		adopt(root, style);
		this.#controller.fullscreenElement = host;
		// The frame is the region: it holds the panels, too.
		this.#controller.setAttribute("role", "group");
	}

	#makeController(language: Language, handlers: ViewHandlers): Controller {
		const { say } = this;
		const controls = make(
			"media-control-bar",
			{ part: "controls" },
			...["play", "mute"].map((name) =>
				make(`media-${name}-button`, { part: `button ${name}-button` }),
			),
			make("media-volume-range", { part: "volume" }),
			make("media-live-button", { part: "button live-button" }),
			this.#behind,
			make("span", { class: "gap" }),
			this.#captions,
			iconButton("settings", say("settings"), () => this.#only(this.#settings.sheet)),
			...["cast", "airplay", "pip", "fullscreen"].map((name) =>
				make(`media-${name}-button`, { part: `button ${name}-button` }),
			),
		);
		this.video.slot = "media";
		const controller = make(
			"media-controller",
			{ part: "controller", nohotkeys: "", noautoseektolive: "", autohide: "3", lang: language },
			this.video,
			this.#poster,
			make("div", { slot: "top-chrome", class: "top", part: "title" }, this.#title),
			make("media-time-range", { part: "timeline" }),
			controls,
		) as unknown as Controller;
		// It would go where hls.js ends; where to go is the player's to know.
		const instead = (name: string, run: (event: Event) => void) =>
			controller.addEventListener(
				name,
				(event) => {
					event.stopImmediatePropagation();
					run(event);
				},
				{ capture: true },
			);
		instead("mediaseektoliverequest", () => handlers.goLive());
		instead("mediaseekrequest", (event) => handlers.seek((event as CustomEvent<number>).detail));
		return controller;
	}

	/** Opens one panel, or closes it; the others close. */
	#only(sheet: { toggle(): void }): void {
		for (const other of [this.#settings.sheet, this.#share.sheet, this.#statistics.sheet])
			if (other !== sheet) other.close();
		sheet.toggle();
	}

	toggleStatistics(): void {
		this.#only(this.#statistics.sheet);
	}

	#soundOn(): void {
		this.video.muted = false;
		if (this.video.volume === 0) this.video.volume = 1;
	}

	/** Stands in place of the picture; null shows that. */
	show(message: Message | null): void {
		this.#message.show(message);
		this.#isShown = message === null;
		this.#host.toggleAttribute("data-message", !this.#isShown);
	}

	setTitle(title: string): void {
		setText(this.#title, title);
		if (title) this.video.setAttribute("aria-label", title);
	}

	/** A picture for before the first picture; empty for none. */
	setPoster(url: string): void {
		this.#poster.hidden = !url;
		if (url) this.#poster.src = url;
		else this.#poster.removeAttribute("src");
	}

	ask(isAsked: boolean): void {
		this.#ask.element.hidden = !isAsked;
	}

	/** Shows where playback stands. */
	update(stats: Stats, history: History, settings: SettingsState): void {
		const { say, video } = this;
		const isKnown = stats.latency > 0 && this.#isShown;
		const seconds = this.#seconds.format(stats.latency);
		setText(this.#behind, isKnown ? say("behind", { seconds }) : "");
		this.#unmute.hidden = !video.muted || !this.#isShown || video.paused;
		this.#captions.hidden = settings.captions.length === 0;
		this.#captions.setAttribute("aria-pressed", `${settings.shownCaptions >= 0}`);
		this.#settings.update(settings);
		const quality = settings.qualities.find(({ name }) => name === settings.playing);
		this.#statistics.update(stats, history, quality?.label ?? settings.playing);
		this.#sound.hidden = quality?.height !== 0;
	}

	toggleFullscreen(): void {
		this.#press("media-fullscreen-button");
	}

	togglePictureInPicture(): void {
		this.#press("media-pip-button");
	}

	/** As a click does: a browser allows some things only after one, or after a key. */
	#press(name: string): void {
		this.#controller.querySelector<HTMLElement>(name)?.click();
	}
}
