// Ed25519 for browsers without it: set up when it is first needed.
import { hashes, verify } from "@noble/ed25519";
import { sha512 } from "@noble/hashes/sha2.js";

export async function library(key: Uint8Array) {
	hashes.sha512 = sha512;
	return async (message: Uint8Array, signature: Uint8Array) =>
		verify(signature, message, key, { zip215: false });
}
