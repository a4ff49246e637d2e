/** The bytes of a part in tests; testdata/vectors/README.md has the formula. */
export function content(
	rendition: number,
	number: number,
	length: number,
): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(
		{ length },
		(_, i) => (31 * i + Math.floor(i / 256) + 17 * rendition + 7 * number) % 256,
	);
}
