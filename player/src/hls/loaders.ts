// Loaders for hls.js that answer from the engine. Addresses that the engine does
// not know go to hls.js's own loader.
import Hls, {
	type FragmentLoaderContext,
	type HlsConfig,
	type Loader,
	type LoaderCallbacks,
	type LoaderConfiguration,
	type LoaderContext,
	type LoaderResponse,
	type LoaderStats,
	type PlaylistLoaderContext,
} from "hls.js";
import type { Engine } from "../engine/engine.ts";
import { isWhole, msnShift } from "../playlist.ts";
import type { Stats } from "../stats.ts";

/** Without news for this long, a playlist is asked of the server; in milliseconds. */
const fallBackAfter = ({ manifest }: Engine) =>
	isWhole(manifest) ? Math.max(4000, manifest.targetDuration / 500) : 4000;

function emptyStats(): LoaderStats {
	return {
		aborted: false,
		// Both 1 while waiting: hls.js gives up loads that seem to be too slow.
		loaded: 1,
		total: 1,
		retry: 0,
		chunkCount: 0,
		bwEstimate: 0,
		loading: { start: 0, first: 0, end: 0 },
		parsing: { start: 0, end: 0 },
		buffering: { start: 0, first: 0, end: 0 },
	};
}

/** What both loaders have in common: one load, its end, and the way out to the server. */
abstract class EngineLoader<T extends LoaderContext> implements Loader<T> {
	context: T | null = null;
	stats: LoaderStats = emptyStats();
	#callbacks: LoaderCallbacks<T> | null = null;
	#inner: Loader<T> | null = null;
	readonly #config: HlsConfig;
	/** Playback went on elsewhere; after an answer that means nothing. */
	protected readonly left = new AbortController();

	constructor(config: HlsConfig) {
		this.#config = config;
	}

	load(context: T, config: LoaderConfiguration, callbacks: LoaderCallbacks<T>): void {
		this.context = context;
		this.#callbacks = callbacks;
		this.stats.loading.start = performance.now();
		this.answer(context).then(
			(isAnswered) => {
				if (!isAnswered && this.#callbacks) this.#askServer(context, config, callbacks);
			},
			(error: Error) => this.fail(context, error.message),
		);
	}

	/** Answers by succeed() or fail(); false when the server has to be asked. */
	protected abstract answer(context: T): Promise<boolean>;

	/** Called with the size of what the server answered to hls.js's own loader. */
	protected abstract count(bytes: number): void;

	protected get isOver(): boolean {
		return this.#callbacks === null;
	}

	protected succeed(context: T, data: string | ArrayBuffer, length: number): void {
		// As from a network: in a task of its own. hls.js trips over itself when answers
		// come while it deals with another one.
		soon(() => {
			const callbacks = this.#callbacks;
			this.#callbacks = null;
			this.stats.loaded = length;
			this.stats.total = length;
			callbacks?.onSuccess({ url: context.url, data, code: 200 }, this.stats, context, null);
		});
	}

	protected fail(context: T, text: string): void {
		const callbacks = this.#callbacks;
		this.#callbacks = null;
		callbacks?.onError({ code: 404, text }, context, null, this.stats);
	}

	/** What the server is asked for. */
	protected address(url: string): string {
		return url;
	}

	/** What the player gets to see of an answer of the server. */
	protected translate(data: LoaderResponse["data"]): LoaderResponse["data"] {
		return data;
	}

	#askServer(context: T, config: LoaderConfiguration, callbacks: LoaderCallbacks<T>): void {
		const Default = Hls.DefaultConfig.loader as unknown as new (config: HlsConfig) => Loader<T>;
		const inner = new Default(this.#config);
		this.#inner = inner;
		this.stats.loaded = 0;
		this.stats.total = 0;
		this.stats.loading.start = 0;
		inner.stats = this.stats;
		context.url = this.address(context.url);
		inner.load(context, config, {
			...callbacks,
			onSuccess: (response, stats, ...rest) => {
				this.count(stats.loaded);
				const data = this.translate(response.data);
				callbacks.onSuccess({ ...response, data }, stats, ...rest);
			},
		});
	}

	abort(): void {
		this.left.abort();
		if (this.#inner) return this.#inner.abort();
		const callbacks = this.#callbacks;
		this.#callbacks = null;
		if (!callbacks || !this.context) return;
		this.stats.aborted = true;
		callbacks.onAbort?.(this.stats, this.context, null);
	}

	destroy(): void {
		this.left.abort();
		this.#callbacks = null;
		this.#inner?.destroy();
		this.#inner = null;
		this.context = null;
	}

	getCacheAge(): number | null {
		return this.#inner?.getCacheAge?.() ?? 0;
	}

	getResponseHeader(name: string): string | null {
		return this.#inner?.getResponseHeader?.(name) ?? null;
	}
}

/** Runs a task after this one; unlike a timer, in hidden tabs as well. */
function soon(task: () => void): void {
	const { port1, port2 } = new MessageChannel();
	port1.onmessage = () => {
		port1.close();
		task();
	};
	port2.postMessage(null);
}

/**
 * Loaders as hls.js's configuration wants them; `isFedByServer` when no heads came to
 * begin with.
 */
export function loaders(
	engine: Engine,
	stats: Stats,
	isFedByServer: boolean,
): Pick<HlsConfig, "pLoader" | "fLoader"> {
	/** The last part that each rendition's playlist was answered with. */
	const shown = new Map<string, number>();
	/** How long to wait for heads; once they stopped coming, not at all. */
	let patience = isFedByServer ? 0 : fallBackAfter(engine);

	class PlaylistLoader extends EngineLoader<PlaylistLoaderContext> {
		protected async answer(context: PlaylistLoaderContext): Promise<boolean> {
			if (context.type === "manifest") {
				await Promise.resolve();
				this.#succeed(context, engine.guide.multivariant());
				return true;
			}
			const name = renditionOf(engine, context.url);
			if (name === null) return false;
			const timeline = engine.timeline(name);
			if (!timeline) return false;
			// A player that has nothing yet is told what there is; another one, what is new.
			const hasSome = context.deliveryDirectives || context.levelOrTrack?.details;
			const known = hasSome ? (shown.get(name) ?? -1) : -1;
			while (!this.isOver && !(await timeline.beyond(known, patience))) {
				// One that is being left has no news, and needs none.
				if (!engine.mayFallBack || !engine.isWatched(name)) continue;
				patience = 0;
				return false;
			}
			patience = fallBackAfter(engine);
			shown.set(name, timeline.shown);
			this.#succeed(context, engine.guide.playlist(name));
			return true;
		}

		#succeed(context: PlaylistLoaderContext, text: string): void {
			const now = performance.now();
			this.stats.loading.first = now;
			this.stats.loading.end = now;
			this.succeed(context, text, text.length);
		}

		protected override address(url: string): string {
			return url.replace(/(?<=_HLS_msn=)\d+/, (msn) => `${Number(msn) - msnShift}`);
		}

		protected override translate(data: LoaderResponse["data"]): LoaderResponse["data"] {
			if (typeof data !== "string") return data;
			return data.replace(
				/^#EXT-X-MEDIA-SEQUENCE:(\d+)/m,
				(_, msn: string) => `#EXT-X-MEDIA-SEQUENCE:${Number(msn) + msnShift}`,
			);
		}

		protected count(bytes: number): void {
			stats.requests++;
			stats.playlistRequests++;
			stats.httpBytes += bytes;
		}
	}

	class FragmentLoader extends EngineLoader<FragmentLoaderContext> {
		protected async answer(context: FragmentLoaderContext): Promise<boolean> {
			const file = fileOf(engine, context.url);
			if (!file) return false;
			if (file.kind === "init") {
				const bytes = await engine.init(file.rendition, file.number);
				this.#succeed(context, bytes);
				return true;
			}
			const bytes = await (file.kind === "part"
				? engine.part(file.rendition, file.number, this.left.signal)
				: engine.segment(file.rendition, file.number, this.left.signal));
			if (!bytes) return false;
			this.#succeed(context, bytes);
			return true;
		}

		/** Tells how long the bytes took on the network, not how long they were waited for. */
		#succeed(context: FragmentLoaderContext, bytes: Uint8Array): void {
			const now = performance.now();
			const { loading } = this.stats;
			loading.start = now - 50;
			loading.first = now - 40;
			loading.end = now;
			// hls.js may give the buffer away to a worker: it gets one of its own.
			this.succeed(context, bytes.slice().buffer as ArrayBuffer, bytes.length);
		}

		protected count(bytes: number): void {
			stats.requests++;
			stats.httpBytes += bytes;
			stats.httpParts++;
		}
	}

	return {
		pLoader: PlaylistLoader as unknown as HlsConfig["pLoader"],
		fLoader: FragmentLoader as unknown as HlsConfig["fLoader"],
	};
}

/** The path of a URL below the broadcast's base, without its query; null for others. */
function below(engine: Engine, url: string): string | null {
	return url.startsWith(engine.base) ? (url.slice(engine.base.length).split("?")[0] ?? null) : null;
}

export function renditionOf(engine: Engine, url: string): string | null {
	return /^([^/]+)\/index\.m3u8$/.exec(below(engine, url) ?? "")?.[1] ?? null;
}

interface File {
	kind: "init" | "part" | "segment";
	rendition: string;
	number: number;
}

const kinds = { p: "part", s: "segment", init: "init" } as const;

function fileOf(engine: Engine, url: string): File | null {
	const match = /^([^/]+)\/(p|s|init)(\d+)\.(?:m4s|mp4)$/.exec(below(engine, url) ?? "");
	if (!match) return null;
	const [, rendition = "", prefix, number] = match;
	return { kind: kinds[prefix as keyof typeof kinds], rendition, number: Number(number) };
}
