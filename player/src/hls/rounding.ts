// Where one segment ends and the next begins is a matter of rounding: the end of a
// source buffer is cut to microseconds, hls.js adds up floating-point numbers. When its
// next segment is to begin a hair behind the buffer's end, hls.js looks for it in the
// segment that it has whole, finds nothing to do, and loads nothing any more.
import type Hls from "hls.js";

/** Seconds: more than any rounding, less than any picture. */
const hair = 0.005;

interface Finder {
	getNextFragment(position: number, details: unknown): unknown;
}

/** Makes hls.js look for what comes next a hair behind the position that it works out. */
export function forgiveRounding(hls: Hls): void {
	const { networkControllers } = hls as unknown as { networkControllers: Partial<Finder>[] };
	for (const controller of networkControllers) {
		const find = controller.getNextFragment;
		if (find)
			controller.getNextFragment = (position, details) =>
				find.call(controller, position + hair, details);
	}
}
