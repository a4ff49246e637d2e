// A wall clock in the picture: one row of black and white cells along the top edge
// says when the picture was made, so that latency can be read from what is shown.
//
// Cells from left to right, most significant bit first: 32 bits of milliseconds
// since 1970, modulo 2^32, then 8 bits that check them. A row has 40 equal cells
// and is 1/20 of the picture high. White is 1.

export const cells = 40;
/** The row's share of the picture's height. */
export const rowShare = 1 / 20;

/** @param {number} milliseconds */
function check(milliseconds) {
	let sum = 0x5a;
	for (let shift = 0; shift < 32; shift += 8)
		sum = (sum * 31 + ((milliseconds >>> shift) & 255)) & 255;
	return sum;
}

/**
 * The cells of a time.
 * @param {number} milliseconds
 * @returns {boolean[]}
 */
export function encode(milliseconds) {
	const low = milliseconds >>> 0;
	const bits = [];
	for (let i = 31; i >= 0; i--) bits.push(((low >>> i) & 1) === 1);
	for (let i = 7; i >= 0; i--) bits.push(((check(low) >>> i) & 1) === 1);
	return bits;
}

/**
 * The time that cells say, near now; null when the check fails.
 * @param {boolean[]} bits
 * @param {number} now milliseconds since 1970
 * @returns {number | null}
 */
export function decode(bits, now) {
	let low = 0;
	for (let i = 0; i < 32; i++) low = (low * 2 + (bits[i] ? 1 : 0)) >>> 0;
	let sum = 0;
	for (let i = 32; i < cells; i++) sum = sum * 2 + (bits[i] ? 1 : 0);
	if (sum !== check(low)) return null;
	// The difference as a signed number of 32 bits undoes the modulo.
	return now - (((now >>> 0) - low) | 0);
}

/**
 * Paints the row into a luma plane.
 * @param {Uint8Array} luma
 * @param {number} width
 * @param {number} height
 * @param {number} milliseconds
 */
export function paint(luma, width, height, milliseconds) {
	const bits = encode(milliseconds);
	const rows = Math.floor(height * rowShare);
	for (let x = 0; x < width; x++) {
		luma[x] = bits[Math.floor((x * cells) / width)] ? 235 : 16;
	}
	for (let y = 1; y < rows; y++) luma.copyWithin(y * width, 0, width);
}
