// <live-relay src="https://host/live/demo">: a video that plays a stream.
import Hls from "hls.js/light";

export class LiveRelayElement extends HTMLElement {
	static readonly observedAttributes = ["src"];
	readonly #video = document.createElement("video");
	#hls: Hls | null = null;

	constructor() {
		super();
		const root = this.attachShadow({ mode: "open" });
		const style = document.createElement("style");
		style.textContent =
			":host{display:block;background:#000}video{display:block;width:100%;height:100%}";
		this.#video.muted = true;
		this.#video.autoplay = true;
		this.#video.controls = true;
		this.#video.playsInline = true;
		root.append(style, this.#video);
	}

	/** The video element inside. */
	get media(): HTMLVideoElement {
		return this.#video;
	}

	connectedCallback(): void {
		this.#open();
	}

	disconnectedCallback(): void {
		this.#hls?.destroy();
		this.#hls = null;
	}

	attributeChangedCallback(): void {
		if (this.isConnected) this.#open();
	}

	#open(): void {
		const src = this.getAttribute("src");
		this.#hls?.destroy();
		this.#hls = null;
		if (!src) return;
		const playlist = `${new URL(src, document.baseURI).href.replace(/\/$/, "")}/index.m3u8`;
		if (!Hls.isSupported()) {
			this.#video.src = playlist;
			return;
		}
		this.#hls = new Hls({ lowLatencyMode: true });
		this.#hls.loadSource(playlist);
		this.#hls.attachMedia(this.#video);
	}
}
