// Waits for a stream to be live, and opens an engine for each of its broadcasts.
import { ServerClock } from "./clock.ts";
import { equal, verifier } from "./crypto.ts";
import { Engine } from "./engine/engine.ts";
import { type Join, join, type Mode } from "./net/join.ts";
import type { Stats } from "./stats.ts";
import { Trust, Untrusted, WrongKey } from "./trust.ts";
import type { Manifest } from "./wire/manifest.ts";

/** The server does not answer, or what it sends is not signed as it should be. */
export type Trouble = "unreachable" | "unsigned";

export interface SessionHandlers {
	/** Nobody is live yet; `title` is the stream's. */
	onWaiting(title: string): void;
	/** A broadcast can be played. */
	onLive(engine: Engine, joined: Join): void;
	/** The server says that the broadcast is over; what is buffered may still play. */
	onEnding(): void;
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
	/** The identity key that the page names. */
	publicKey: Uint8Array | null;
	/** What this viewer wants; the stream may want less. */
	mode: Mode;
	stats: Stats;
	handlers: SessionHandlers;
}

const retry = { least: 1000, most: 15_000 };

export class Session {
	readonly clock = new ServerClock();
	readonly #options: SessionOptions;
	readonly #verify = verifier();
	readonly #end = new AbortController();
	#engine: Engine | null = null;
	#epoch = "";

	constructor(options: SessionOptions) {
		this.#options = options;
	}

	start(): void {
		void this.#await();
	}

	stop(): void {
		this.#end.abort();
		this.#engine?.stop();
		this.#engine = null;
	}

	/** The broadcast is over: waits for the next one. */
	next(): void {
		this.#engine?.stop();
		this.#engine = null;
		void this.#await();
	}

	async #await(): Promise<void> {
		let delay = retry.least;
		if (this.#isLost) await sleep(delay);
		while (!this.#end.signal.aborted) {
			try {
				const joined = await this.#ask();
				delay = retry.least;
				const isOn = joined.state === "live" || joined.state === "interrupted";
				if (isOn && (joined.epoch !== this.#epoch || this.#isLost)) return await this.#open(joined);
				if (this.#epoch === "") this.#options.handlers.onWaiting(joined.title);
			} catch (error) {
				if (this.#end.signal.aborted) return;
				if (error instanceof WrongKey) return this.#options.handlers.onWrongKey();
				const trouble = error instanceof Untrusted ? "unsigned" : "unreachable";
				this.#options.handlers.onTrouble(trouble);
				delay = Math.min(retry.most, delay * 1.6);
			}
			await sleep(delay);
		}
	}

	#isFirst = true;
	/** The server forgot the broadcast. */
	#isLost = false;

	/** Asks at once the first time; after that the server holds its answer until it changes. */
	async #ask(): Promise<Join> {
		const after = this.#epoch && !this.#isLost ? `&after=${this.#epoch}` : "";
		const query = this.#isFirst ? "" : `?wait=1${after}`;
		const sent = this.clock.local();
		this.#options.stats.requests++;
		const joined = await join(this.#options.src, query, this.#end.signal);
		if (this.#isFirst && joined.now > 0) this.clock.sample(joined.now, sent, this.clock.local());
		this.#isFirst = false;
		return joined;
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
		this.#isLost = false;
		this.#engine = new Engine({
			join: joined,
			trust,
			clock: this.clock,
			stats,
			upload: this.#upload(joined),
			isShared: this.#isShared(joined),
			token: () => this.#token(joined),
			// Who names a key wants nothing that isn't signed, unless the page itself
			// comes from that server.
			mayFallBack: publicKey === null || new URL(this.#options.src).origin === location.origin,
			onManifest: (manifest) => this.#heard(manifest),
			onGone: () => this.#lost(),
		});
		this.#options.handlers.onLive(this.#engine, joined);
	}

	/** The server may know the broadcast again when it was restarted: then it goes on. */
	#lost(): void {
		this.#isLost = true;
		this.#options.handlers.onGone();
	}

	#heard(manifest: Manifest): void {
		if (manifest.ended > 0) this.#options.handlers.onEnding();
	}

	/**
	 * Viewers who have to be asked first are left alone, and so are those who want
	 * relays only, until there is a way to ask and there are relays.
	 */
	#isShared(joined: Join): boolean {
		return joined.p2p.mode === "auto" && this.#options.mode === "auto";
	}

	#upload(joined: Join): number {
		const { maxUpload } = joined.p2p;
		if (isMetered()) return -1;
		return maxUpload > 0 ? Math.max(1, Math.round(maxUpload / 8)) : 0;
	}

	#isTokenUsed = false;

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

/** Waits for up to so many milliseconds, not all viewers as long. */
const sleep = (most: number) =>
	new Promise((resolve) => setTimeout(resolve, most * (0.5 + Math.random() / 2)));

/** Whether the viewer pays for what is sent, or asked to save data. */
function isMetered(): boolean {
	const { connection } = navigator as { connection?: { saveData?: boolean; type?: string } };
	return connection?.saveData === true || connection?.type === "cellular";
}
