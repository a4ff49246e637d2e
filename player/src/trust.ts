// What is believed of a broadcast, and why (docs/protocol.md §2 to §4): an identity
// key certifies the broadcast's key, which signs manifests and heads.
import { equal, type Verify } from "./crypto.ts";
import { Malformed, Writer } from "./wire/codec.ts";
import { decodeHeads, type Head } from "./wire/heads.ts";
import { decodeManifest, decodeSigned, type Manifest, type Signed } from "./wire/manifest.ts";

/** Bytes whose signature is missing, wrong, or somebody else's. */
export class Untrusted extends Error {
	override readonly name = "Untrusted";
}

/** A stream that is signed with another key than the page names. */
export class WrongKey extends Untrusted {}

const context = (name: string) => new TextEncoder().encode(`liverelay/1 ${name}\0`);
const certificate = context("certificate");
const manifests = context("manifest");
const batches = context("heads");

export interface TrustOptions {
	stream: string;
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
	#identity: Uint8Array | null;
	#manifest: Manifest | null = null;

	constructor(options: TrustOptions) {
		this.#options = options;
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
		await this.#check(manifest, signed);
		// While this one was checked, a newer one may have come.
		if (this.#manifest && manifest.serial <= this.#manifest.serial) return null;
		this.#identity ??= manifest.identity;
		this.#manifest = manifest;
		return manifest;
	}

	async #check(manifest: Manifest, { body, signature }: Signed): Promise<void> {
		const { stream, epoch, now, verify } = this.#options;
		if (manifest.stream !== stream || manifest.epoch !== epoch)
			throw new Untrusted("a manifest of another broadcast");
		if (this.#identity && !equal(manifest.identity, this.#identity))
			throw new WrongKey("the stream is signed with another key");
		if (manifest.notAfter < now()) throw new Untrusted("the broadcast's certificate has expired");
		const certified = new Writer()
			.raw(certificate)
			.str(stream)
			.str(epoch)
			.raw(manifest.broadcast)
			.u64(manifest.notAfter)
			.finish();
		const signed = new Writer().raw(manifests).raw(body).finish();
		const sound = await Promise.all([
			verify(manifest.identity, certified, manifest.certificate),
			verify(manifest.broadcast, signed, signature),
		]);
		if (!sound.every(Boolean)) throw new Untrusted("a manifest with a wrong signature");
	}

	/** Takes a batch's payload and returns its heads; throws Malformed or Untrusted. */
	async acceptHeads(payload: Uint8Array): Promise<Head[]> {
		const manifest = this.#manifest;
		if (!manifest) throw new Malformed("heads before the manifest");
		const { body, signature } = decodeSigned(payload);
		const heads = decodeHeads(body, manifest.renditions.length);
		const { stream, epoch, verify } = this.#options;
		const signed = new Writer().raw(batches).str(stream).str(epoch).raw(body).finish();
		if (!(await verify(manifest.broadcast, signed, signature)))
			throw new Untrusted("heads with a wrong signature");
		return heads;
	}
}
