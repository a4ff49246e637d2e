// SHA-256 (FIPS 180-4), at once and on every page: WebCrypto's comes later, and only
// where there is HTTPS.

const primes = Array.from({ length: 312 }, (_, i) => i).filter(
	(n) => n > 1 && !Array.from({ length: n }, (_, i) => i).some((d) => d > 1 && n % d === 0),
);
/** The first 32 bits of a number's fraction. */
const fraction = (n: number) => ((n % 1) * 2 ** 32) | 0;
const roundConstants = Int32Array.from(primes, (p) => fraction(Math.cbrt(p)));
const initial = Int32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p)));

const blockSize = 64;

export function sha256(message: Uint8Array): Uint8Array<ArrayBuffer> {
	const state = initial.slice();
	const words = new Int32Array(64);
	const { length } = message;
	const view = new DataView(message.buffer, message.byteOffset, length);
	const rest = length % blockSize;
	for (let at = 0; at < length - rest; at += blockSize) mix(state, words, view, at);
	const tail = new DataView(new ArrayBuffer(rest < blockSize - 8 ? blockSize : 2 * blockSize));
	new Uint8Array(tail.buffer).set(message.subarray(length - rest));
	tail.setUint8(rest, 128);
	tail.setUint32(tail.byteLength - 8, length / 2 ** 29);
	tail.setUint32(tail.byteLength - 4, length << 3);
	for (let at = 0; at < tail.byteLength; at += blockSize) mix(state, words, tail, at);
	const digest = new DataView(new ArrayBuffer(32));
	for (const [i, word] of state.entries()) digest.setInt32(4 * i, word);
	return new Uint8Array(digest.buffer);
}

const rotate = (x: number, by: number) => (x >>> by) | (x << (32 - by));

/** Takes in a block of 64 bytes; `w` is room for its schedule. */
function mix(state: Int32Array, w: Int32Array, view: DataView, at: number): void {
	for (let i = 0; i < 16; i++) w[i] = view.getInt32(at + 4 * i);
	for (let i = 16; i < 64; i++) {
		const x = w[i - 15]!;
		const y = w[i - 2]!;
		const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
		const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
		w[i] = w[i - 16]! + s0 + w[i - 7]! + s1;
	}
	// Not by an iterator: this is where a viewer's hashing spends its time.
	let a = state[0]!;
	let b = state[1]!;
	let c = state[2]!;
	let d = state[3]!;
	let e = state[4]!;
	let f = state[5]!;
	let g = state[6]!;
	let h = state[7]!;
	for (let i = 0; i < 64; i++) {
		const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
		const t1 = (h + s1 + ((e & f) ^ (~e & g)) + roundConstants[i]! + w[i]!) | 0;
		const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
		const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
		h = g;
		g = f;
		f = e;
		e = (d + t1) | 0;
		d = c;
		c = b;
		b = a;
		a = (t1 + t2) | 0;
	}
	state[0]! += a;
	state[1]! += b;
	state[2]! += c;
	state[3]! += d;
	state[4]! += e;
	state[5]! += f;
	state[6]! += g;
	state[7]! += h;
}
