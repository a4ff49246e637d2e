// Waits for a stream to be live, and opens an engine for each of its broadcasts.
import { ServerClock } from "./clock.ts";
import { equal, verifier } from "./crypto.ts";
import { Engine } from "./engine/engine.ts";
import { type Join, JoinError, join, type Told, toldByPage } from "./net/join.ts";
import type { Stats } from "./stats.ts";
import { type Trouble, troubleOf } from "./trouble.ts";
import { Trust, Untrusted, WrongKey } from "./trust.ts";

export interface SessionHandlers {
	/** Nobody is live yet; `title` is the stream's. */
	onWaiting(title: string): void;
	/** A broadcast can be played. */
	onLive(engine: Engine, joined: Join): void;
	/** The server forgot the broadcast; the next one is waited for. */
	onGone(): void;
	/** It goes on by itself when what hinders it is over. */
	onTrouble(trouble: Trouble): void;
	/** The stream is signed with another key than the page names: it is not played. */
	onWrongKey(): void;
}

export interface SessionOptions {
	/** The stream's address, without a slash at its end. */
	src: string;
	/** What the page says that `join` would; empty for nothing. */
	told: string;
	/** The identity key that the page names. */
	publicKey: Uint8Array | null;
	/** Whether stream, page and viewer want it shared: asked again and again. */
	mayShare: () => boolean;
	/** Whether nothing is to be uploaded now. */
	isSparing: () => boolean;
	stats: Stats;
	handlers: SessionHandlers;
}

const retry = { least: 1000, most: 15_000 };
/** Milliseconds for which a held answer is believed to be on its way after a nap of the page. */
const heldFor = 1000;

export class Session {
	readonly clock = new ServerClock();
	readonly #options: SessionOptions;
	readonly #verify = verifier();
	readonly #end = new AbortController();
	/** Ends what is waited for now: an answer that is held, or the time to the next try. */
	#nudge = new AbortController();
	#askedAt = 0;
	#engine: Engine | null = null;
	#epoch = "";
	#isFirst = true;
	/** The server forgot the broadcast. */
	#isLost = false;
	#isTokenUsed = false;
	#joined: Join | null = null;

	constructor(options: SessionOptions) {
		this.#options = options;
	}

	start(): void {
		void this.#await();
	}

	stop(): void {
		this.#end.abort();
		this.#nudge.abort();
		this.#engine?.stop();
		this.#engine = null;
	}

	/** The broadcast is over: waits for the next one. */
	next(): void {
		this.#engine?.stop();
		this.#engine = null;
		void this.#await();
	}

	/** Nothing is heard of the server any more. */
	get isCutOff(): boolean {
		return this.#engine?.isCutOff ?? false;
	}

	/** What the viewer wants to share, or their device can, may have changed: it counts at once. */
	adjust(): void {
		if (!this.#joined) return;
		this.#engine?.setUpload(this.#upload(this.#joined));
		if (!this.#options.mayShare()) this.#engine?.leave();
	}

	/**
	 * What is open may be dead: begins anew, at live. What is known of the server's clock stays,
	 * unless the computer `slept`: an answer that waited for the network tells it badly.
	 */
	renew(slept = false): void {
		if (!this.#engine) return;
		if (slept) this.clock.forget();
		this.#epoch = "";
		this.#isFirst = true;
		this.next();
	}

	/**
	 * The network may have changed: what is waited for is asked anew, now; what failed a moment
	 * ago, because there was none yet, as well.
	 */
	wake(): void {
		if (performance.now() - this.#askedAt > heldFor) this.#nudge.abort();
	}

	async #await(): Promise<void> {
		let delay = retry.least;
		if (this.#isLost) await pause(delay * (0.5 + Math.random() / 2), this.#end.signal);
		while (!this.#end.signal.aborted) {
			this.#nudge = new AbortController();
			let growth = 1;
			try {
				const joined = await this.#ask();
				delay = retry.least;
				const isOn = joined.state === "live" || joined.state === "interrupted";
				if (isOn && (joined.epoch !== this.#epoch || this.#isLost)) return await this.#open(joined);
				if (this.#epoch === "") this.#options.handlers.onWaiting(joined.title);
			} catch (error) {
				if (this.#end.signal.aborted) return;
				if (this.#nudge.signal.aborted) continue;
				this.#askedAt = Number.NEGATIVE_INFINITY; // nothing is on its way
				if (error instanceof WrongKey) return this.#options.handlers.onWrongKey();
				await this.#tell(error);
				growth = 1.6;
			}
			await pause(delay * (0.5 + Math.random() / 2), this.#nudge.signal);
			delay = Math.min(retry.most, delay * growth);
		}
	}

	async #tell(error: unknown): Promise<void> {
		const status = error instanceof JoinError ? error.status : 0;
		const trouble =
			error instanceof Untrusted ? "unsigned" : await troubleOf(status, this.#options.src);
		if (!this.#end.signal.aborted) this.#options.handlers.onTrouble(trouble);
	}

	/**
	 * Asks at once the first time, if the page does not say it already; after that the
	 * server holds its answer until it changes.
	 */
	async #ask(): Promise<Join> {
		const { src, told } = this.#options;
		const isFirst = this.#isFirst;
		this.#askedAt = performance.now();
		const { joined, sent, received } =
			(isFirst && toldByPage(told, src)) || (await this.#askServer(isFirst));
		this.#isFirst = false;
		if (isFirst && joined.now > 0) this.clock.sample(joined.now, sent, received);
		return joined;
	}

	async #askServer(isFirst: boolean): Promise<Told> {
		const after = this.#epoch && !this.#isLost ? `&after=${this.#epoch}` : "";
		const query = isFirst ? "" : `?wait=1${after}`;
		const sent = this.clock.local();
		this.#options.stats.requests++;
		const joined = await join(this.#options.src, query, this.#nudge.signal);
		return { joined, sent, received: this.clock.local() };
	}

	async #open(joined: Join): Promise<void> {
		const { publicKey, stats } = this.#options;
		if (publicKey && joined.publicKey && !equal(publicKey, joined.publicKey))
			throw new WrongKey("foreign", "the stream is signed with another key");
		const trust = new Trust({
			stream: joined.stream,
			epoch: joined.epoch,
			identity: publicKey ?? joined.publicKey,
			verify: this.#verify,
			now: () => this.clock.now(),
		});
		if (joined.manifest) await trust.acceptManifest(joined.manifest);
		if (!trust.manifest) throw new Error("the server has no manifest yet");
		if (this.#end.signal.aborted) return;
		this.#epoch = joined.epoch;
		this.#joined = joined;
		this.#isLost = false;
		const { mayShare } = this.#options;
		this.#engine = new Engine({
			join: joined,
			trust,
			clock: this.clock,
			stats,
			upload: this.#upload(joined),
			// The viewer may change their mind: it is read each time.
			get isShared() {
				return mayShare();
			},
			token: () => this.#token(joined),
			// Who names a key wants nothing that isn't signed, unless the page itself
			// comes from that server.
			mayFallBack: publicKey === null || new URL(this.#options.src).origin === location.origin,
			onGone: () => this.#lost(),
		});
		this.#options.handlers.onLive(this.#engine, joined);
	}

	/** The server may know the broadcast again when it was restarted: then it goes on. */
	#lost(): void {
		this.#isLost = true;
		this.#options.handlers.onGone();
	}

	#upload(joined: Join): number {
		const { maxUpload } = joined.p2p;
		if (this.#options.isSparing()) return -1;
		return maxUpload > 0 ? Math.max(1, Math.round(maxUpload / 8)) : 0;
	}

	/** The token that came with the answer, and a fresh one for every later connection. */
	async #token(joined: Join): Promise<string> {
		if (!this.#isTokenUsed) {
			this.#isTokenUsed = true;
			return joined.token;
		}
		this.#options.stats.requests++;
		return (await join(this.#options.src, "", this.#end.signal)).token;
	}
}

/** Resolves after so many milliseconds, or when the signal says so. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) return resolve();
		const timer = setTimeout(resolve, milliseconds);
		signal.addEventListener("abort", () => {
			clearTimeout(timer);
			resolve();
		});
	});
}
