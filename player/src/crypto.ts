// Hashes and signatures. SHA-256 is computed here and now, which for less than a
// megabyte a second costs next to nothing and works on pages without HTTPS.
// Ed25519 comes from the browser where it has it, else from a small library that
// is loaded when it turns out to be needed. A check is never left out.

import { loadLibrary } from "./library.ts";
import { sha256 } from "./sha256.ts";

export { sha256 };

/** Checks an Ed25519 signature (RFC 8032); a key or signature of a wrong form is false. */
export type Verify = (
	key: Uint8Array,
	message: Uint8Array,
	signature: Uint8Array,
) => Promise<boolean>;

type Backend = (key: Uint8Array) => Promise<(m: Uint8Array, s: Uint8Array) => Promise<boolean>>;

/** A verifier that keeps the last few keys ready for use. It gets ready at once. */
export function verifier(): Verify {
	let backend: Promise<Backend> | null = null;
	const prepare = (): Promise<Backend> => {
		backend ??= chooseBackend().catch((error) => {
			backend = null;
			throw error;
		});
		return backend;
	};
	prepare().catch(() => {});
	const keys = new Map<string, ReturnType<Backend>>();
	return async (key, message, signature) => {
		const ready = await prepare();
		const name = key.join();
		let check = keys.get(name);
		if (!check) {
			check = ready(key);
			if (keys.size > 7) keys.clear();
			keys.set(name, check);
		}
		try {
			return await (await check)(message, signature);
		} catch {
			return false;
		}
	};
}

async function chooseBackend(): Promise<Backend> {
	try {
		await native(new Uint8Array(32));
		return native;
	} catch {
		// No WebCrypto (an insecure page), or none with Ed25519.
	}
	return (await loadLibrary()).library;
}

async function native(key: Uint8Array) {
	const { subtle } = globalThis.crypto;
	const imported = await subtle.importKey("raw", own(key), "Ed25519", false, ["verify"]);
	return (message: Uint8Array, signature: Uint8Array) =>
		subtle.verify("Ed25519", imported, own(signature), own(message));
}

/** The same bytes in an ArrayBuffer, which WebCrypto's types insist on. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
	return bytes.buffer instanceof ArrayBuffer
		? (bytes as Uint8Array<ArrayBuffer>)
		: new Uint8Array(bytes);
}

/** Whether two byte strings are the same. They are public, so time tells nothing. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Decodes base64 or base64url, padded or not; null for anything else. */
export function fromBase64(text: string): Uint8Array | null {
	try {
		const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
		return Uint8Array.from(binary, (char) => char.charCodeAt(0));
	} catch {
		return null;
	}
}
