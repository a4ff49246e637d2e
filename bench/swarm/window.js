// From what was counted and what viewers said: the figures of one fleet.

/** Stripes of a part, and the share of an uplink that the tracker's plans may use. */
const stripes = 6;
const bookable = 0.91;
/** Copies of a stripe that the server sends, for each viewer, and at least one. */
const seedShare = 0.003;
/** Seconds over which offload is taken for the plots. */
const span = 5;

/**
 * @typedef {object} Seen
 * @property {import("./scenes.js").Fleet} fleet
 * @property {{ name: string, rate: number, part: number }[]} rates
 * @property {number[]} ways uplinks in bit/s
 * @property {{ total: number, peers: import("./sampler.js").Place[] }} picture
 * @property {import("./sampler.js").Sample[]} samples
 * @property {any} said the JSON of `liverelay viewers --detail`
 * @property {number} sent bytes that left the daemon, in all
 *
 * @typedef {ReturnType<typeof result>} Result
 */

/** @param {Seen} seen */
export function result(seen) {
	const { fleet, said, sent, rates, samples } = seen;
	const series = timeline(seen);
	const cpu = (/** @type {"daemon" | "viewers"} */ who) => {
		const [first, last] = [samples[0], samples[samples.length - 1]];
		return (last[who] - first[who]) / ((last.at - first.at) / 1000);
	};
	return {
		label: fleet.label ?? "",
		viewers: fleet.viewers,
		/** when viewers begin to be replaced */
		churnFrom: fleet.churnIn?.[0] ?? 0,
		seconds: said.seconds,
		offload: 1 - sent / said.playedBytes,
		bound: bound(seen),
		sent,
		playedShare: said.playedShare,
		stalledShare: said.stalledSeconds / (said.playedSeconds + said.stalledSeconds),
		latency: said.latency,
		/** cores */
		cpu: { daemon: cpu("daemon"), viewers: cpu("viewers") },
		partBytes: (rates[0].rate / 8) * rates[0].part,
		window: within(seen, fleet.settle ?? 15, said.seconds),
		after: fleet.kill ? afterKill(series, fleet.killAt ?? 0) : undefined,
		plan: planned(seen.picture),
		hops: byHops(seen),
		series,
		said,
	};
}

/** The most that can be spared, with these uplinks. @param {Seen} seen */
function bound({ fleet, rates, ways }) {
	const n = fleet.viewers;
	let [slots, wanted, seeds] = [0, 0, 0];
	for (const [r, { rate }] of rates.entries()) {
		const members = Array.from({ length: n }, (_, i) => i).filter((i) => i % rates.length === r);
		// In bit/s, for renditions differ.
		for (const i of members) {
			const stripe = rate / stripes;
			slots += Math.floor((bookable * ways[i % ways.length]) / stripe) * stripe;
		}
		wanted += members.length * rate;
		seeds += Math.max(1, Math.ceil(seedShare * members.length)) * rate;
	}
	return fleet.alone ? 0 : Math.min(1 - seeds / wanted, slots / wanted);
}

/** @param {{ total: number, peers: import("./sampler.js").Place[] }} picture */
function planned({ total, peers }) {
	const sum = (/** @type {(p: typeof peers[0]) => number} */ of) =>
		peers.reduce((all, p) => all + of(p), 0);
	return {
		...{ peers: total, places: peers.length, leaves: sum((p) => (p.leaf ? 1 : 0)) },
		...{ slots: sum((p) => p.slots), used: sum((p) => p.used) },
		/** stripes that viewers take from the server */
		fromServer: sum((p) => p.parents.filter((parent) => parent === "").length),
		hops: Math.max(0, ...peers.map((p) => p.hops)),
	};
}

/** Seconds that a viewer has to have watched, for its figures to say something. */
const longEnough = 10;

/**
 * What makes a viewer's distance to live, by how many hops from the server it was planned
 * to be: a part's way to it, p50 and p95 of its parts, the hold-back and what became of it,
 * each as the mean over the viewers, in seconds.
 * @param {Seen} seen
 */
function byHops({ said, picture }) {
	/** @type {Map<number, any[]>} */
	const groups = new Map();
	for (const visit of said.visits) {
		if (visit.to - visit.from < longEnough || visit.arrival.p50 === 0) continue;
		// Pictures shorten ids. Who is in no tree takes all from the server.
		const place = visit.peer && picture.peers.find((p) => p.id && visit.peer.startsWith(p.id));
		const hops = place ? place.hops : 1;
		groups.set(hops, [...(groups.get(hops) ?? []), visit]);
	}
	const mean = (/** @type {number[]} */ list) => list.reduce((a, b) => a + b, 0) / list.length;
	return [...groups]
		.sort(([a], [b]) => a - b)
		.map(([hops, visits]) => ({
			...{ hops, viewers: visits.length },
			arrival: {
				p50: mean(visits.map((v) => v.arrival.p50)),
				p95: mean(visits.map((v) => v.arrival.p95)),
			},
			holdBack: mean(visits.map((v) => v.holdBack)),
			latency: mean(visits.map((v) => v.latency.p50)),
		}));
}

/**
 * @typedef {{ at: number, origin: number, offload: number, stalled: number, viewers: number }} Moment
 * at: seconds after the first join; origin: bit/s in the second before; offload: over
 * some seconds; stalled: the share of viewers that stood in the second before
 */

/**
 * What was counted set against what viewers said second by second.
 * @param {Seen} seen
 * @returns {Moment[]}
 */
function timeline({ samples, said }) {
	const t0 = said.began / 1000;
	const origin = (/** @type {number} */ at) => interpolated(samples, (t0 + at) * 1000);
	/** @type {any[]} */
	const all = said.timeline;
	return all.slice(1).map((now, i) => {
		const before = all[i];
		const past = all[Math.max(0, i + 1 - span)];
		const step = now.at - before.at;
		const played = now.playedBytes - past.playedBytes;
		return {
			at: now.at,
			origin: ((origin(now.at) - origin(before.at)) * 8) / step,
			offload: played > 0 ? 1 - (origin(now.at) - origin(past.at)) / played : Number.NaN,
			stalled: (now.stalledSeconds - before.stalledSeconds) / step / Math.max(1, now.viewers),
			viewers: now.viewers,
		};
	});
}

/** Bytes sent at a moment between samples. @param {Seen["samples"]} samples @param {number} at */
function interpolated(samples, at) {
	const next = samples.findIndex((s) => s.at >= at);
	if (next < 0) return samples[samples.length - 1].origin;
	if (next === 0) return samples[0].origin;
	const [a, b] = [samples[next - 1], samples[next]];
	return a.origin + ((b.origin - a.origin) * (at - a.at)) / (b.at - a.at);
}

/**
 * What left the daemon in a while, and for each part of that while.
 * @param {Seen} seen
 * @param {number} from
 * @param {number} to
 */
function within({ samples, said, rates }, from, to) {
	const [a, b] = [from, to].map((at) => said.began + Math.min(at, said.seconds - 1) * 1000);
	const bytes = interpolated(samples, b) - interpolated(samples, a);
	const seconds = (b - a) / 1000;
	return { seconds, bytes, perPart: (bytes / seconds) * rates[0].part };
}

/**
 * The origin's rate before and after a kill, in bit/s, and how long it took to come
 * back to half more than before.
 * @param {Moment[]} series
 * @param {number} killAt
 */
function afterKill(series, killAt) {
	const before = series.filter((m) => m.at > killAt - 10 && m.at <= killAt);
	const after = series.filter((m) => m.at > killAt && m.at <= killAt + 60);
	const usual = before.reduce((sum, m) => sum + m.origin, 0) / Math.max(1, before.length);
	const high = after.filter((m) => m.origin > 1.5 * usual);
	return {
		usual,
		peak: Math.max(0, ...after.map((m) => m.origin)),
		backAfter: high.length > 0 ? high[high.length - 1].at - killAt : 0,
	};
}
