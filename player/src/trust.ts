// What is believed of a broadcast, and why (docs/protocol.md §2 to §4): an identity
// key certifies the broadcast's key, which signs manifests and heads.
import { equal, type Verify } from "./crypto.ts";
import { Writer } from "./wire/codec.ts";
import { decodeHeads, type Head } from "./wire/heads.ts";
import { decodeManifest, decodeSigned, type Manifest, type Signed } from "./wire/manifest.ts";

/** Why bytes are not believed. */
export type Doubt = "forged" | "foreign" | "expired" | "no manifest";

/** Bytes whose signature is missing or wrong, or that belong somewhere else. */
export class Untrusted extends Error {
	override readonly name = "Untrusted";
	readonly doubt: Doubt;

	constructor(doubt: Doubt, message: string) {
		super(message);
		this.doubt = doubt;
	}
}

/** A stream that is signed with another key than the page names. */
export class WrongKey extends Untrusted {}

const context = (name: string) => new TextEncoder().encode(`liverelay/1 ${name}\0`);
const certificate = context("certificate");
const manifests = context("manifest");
const batches = context("heads");

export interface TrustOptions {
	stream: string;
	/** Empty: that of the first manifest that verifies. */
	epoch: string;
	/** The identity key that the page names; null takes the first one that is seen. */
	identity: Uint8Array | null;
	verify: Verify;
	/** The server's clock, in milliseconds since 1970. */
	now: () => number;
}

/** Checks the manifests and heads of one broadcast. */
export class Trust {
	readonly #options: TrustOptions;
	#epoch: string;
	#identity: Uint8Array | null;
	#manifest: Manifest | null = null;

	constructor(options: TrustOptions) {
		this.#options = options;
		this.#epoch = options.epoch;
		this.#identity = options.identity;
	}

	/** The newest manifest that was accepted. */
	get manifest(): Manifest | null {
		return this.#manifest;
	}

	/**
	 * Takes a manifest's payload. Returns it when it is newer than the one before,
	 * else null; throws Malformed or Untrusted.
	 */
	async acceptManifest(payload: Uint8Array): Promise<Manifest | null> {
		const signed = decodeSigned(payload);
		const manifest = decodeManifest(signed.body);
		this.#belongs(manifest);
		if (manifest.notAfter < this.#options.now())
			throw new Untrusted("expired", "the broadcast's certificate has expired");
		if (!(await this.#isGenuine(manifest, signed)))
			throw new Untrusted("forged", "a manifest with a wrong signature");
		// While this one was checked, another may have come.
		this.#belongs(manifest);
		if (this.#manifest && manifest.serial <= this.#manifest.serial) return null;
		this.#epoch = manifest.epoch;
		this.#identity = manifest.identity;
		this.#manifest = manifest;
		return manifest;
	}

	#belongs(manifest: Manifest): void {
		const isOther =
			manifest.stream !== this.#options.stream ||
			(this.#epoch !== "" && manifest.epoch !== this.#epoch);
		if (isOther) throw new Untrusted("foreign", "a manifest of another broadcast");
		if (this.#identity && !equal(manifest.identity, this.#identity))
			throw new WrongKey("foreign", "the stream is signed with another key");
	}

	async #isGenuine(manifest: Manifest, { body, signature }: Signed): Promise<boolean> {
		const { verify } = this.#options;
		const certified = new Writer()
			.raw(certificate)
			.str(manifest.stream)
			.str(manifest.epoch)
			.raw(manifest.broadcast)
			.u64(manifest.notAfter)
			.finish();
		const signed = new Writer().raw(manifests).raw(body).finish();
		const sound = await Promise.all([
			verify(manifest.identity, certified, manifest.certificate),
			verify(manifest.broadcast, signed, signature),
		]);
		return sound.every(Boolean);
	}

	/** Takes a batch's payload and returns its heads; throws Malformed or Untrusted. */
	async acceptHeads(payload: Uint8Array): Promise<Head[]> {
		const { body, signature } = decodeSigned(payload);
		const manifest = this.#manifest;
		if (!manifest) throw new Untrusted("no manifest", "heads before the manifest");
		const { stream, epoch } = manifest;
		const signed = new Writer().raw(batches).str(stream).str(epoch).raw(body).finish();
		if (!(await this.#options.verify(manifest.broadcast, signed, signature)))
			throw new Untrusted("forged", "heads with a wrong signature");
		return decodeHeads(body, manifest.renditions.length);
	}
}
