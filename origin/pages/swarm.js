// Draws who feeds whom in a swarm: the server on top, below it clusters of up to six
// peers in rows by their distance from the server, a colour for each stripe.

const STRIPES = 6;
const EVERY = 2000; // ms
const GAP = 14;
const ROW = 74; // between rows
const CLUSTER = 104; // a cluster's size
const LEAF = 30; // a leaf's

const main = document.querySelector("main");
const [summary, buttons, drawings, details] = ["summary", "stripes", "renditions", "details"].map(
	(id) => document.getElementById(id),
);
const hidden = new Set(); // stripes
let chosen = ""; // a peer's id
let latest; // the last answer

function make(name, attributes, ...children) {
	const element = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
	element.append(...children);
	return element;
}

/** The clusters of one rendition's peers, parents before children. */
function clustersOf(peers) {
	const byNumber = new Map();
	for (const peer of peers) {
		const number = peer.cluster || `alone ${peer.id}`;
		if (!byNumber.has(number))
			byNumber.set(number, { peers: [], depth: peer.depth, leaf: peer.leaf });
		byNumber.get(number).peers.push(peer);
	}
	return [...byNumber.values()].sort((a, b) => a.depth - b.depth || a.leaf - b.leaf);
}

/** Puts clusters into rows no wider than width, each below those that feed it. */
function arrange(clusters, width) {
	const at = new Map([["", { x: width / 2, y: 26, server: true }]]);
	let y = 26 + ROW;
	const depths = [...new Set(clusters.map((c) => c.depth))];
	for (const depth of depths) {
		const level = clusters.filter((c) => c.depth === depth);
		for (const c of level)
			c.above = mean(c.peers.flatMap((p) => p.parents.map((id) => at.get(id)?.x ?? width / 2)));
		level.sort((a, b) => a.leaf - b.leaf || a.above - b.above);
		let row = [];
		let used = -GAP;
		const flush = () => {
			if (row.length === 0) return;
			const height = Math.max(...row.map(size));
			let x = (width - used) / 2;
			for (const c of row) {
				place(c, x + size(c) / 2, y + height / 2, at);
				x += size(c) + GAP;
			}
			y += height + GAP * 2;
			row = [];
			used = -GAP;
		};
		for (const c of level) {
			if (used + GAP + size(c) > width) flush();
			row.push(c);
			used += GAP + size(c);
		}
		flush();
		y += ROW - GAP * 2;
	}
	return { at, height: y - ROW + GAP * 2 };
}

const size = (c) => (c.leaf ? LEAF : CLUSTER);
const mean = (list) => list.reduce((sum, x) => sum + x, 0) / Math.max(list.length, 1);

/** Puts the members of a cluster on a ring, in the order of the stripes they hold. */
function place(cluster, x, y, at) {
	Object.assign(cluster, { x, y });
	cluster.peers.sort((a, b) => (a.holds[0] ?? STRIPES) - (b.holds[0] ?? STRIPES));
	cluster.peers.forEach((peer, i) => {
		const radius = cluster.peers.length === 1 ? 0 : 32;
		const angle = (2 * Math.PI * i) / cluster.peers.length - Math.PI / 2;
		at.set(peer.id, { x: x + radius * Math.cos(angle), y: y + radius * Math.sin(angle), cluster });
	});
}

/** One line for each stripe that one peer (or the server) sends to another. */
function links(peers, at) {
	const lines = [];
	for (const peer of peers) {
		peer.parents.forEach((parent, stripe) => {
			const [from, to] = [at.get(parent), at.get(peer.id)];
			if (!from || hidden.has(stripe)) return;
			const mate = from.cluster === to.cluster;
			const shift = mate || from.server ? 0 : (stripe - 2.5) * 1.5;
			const middle = (from.y + to.y) / 2;
			const path = mate
				? `M${from.x},${from.y}L${to.x},${to.y}`
				: `M${from.x + (from.server ? (stripe - 2.5) * 14 : shift)},${from.y + (from.server ? 16 : 0)}C${from.x + shift},${middle} ${to.x + shift},${middle} ${to.x + shift},${to.y}`;
			const lit = chosen && (peer.id === chosen || parent === chosen) ? " lit" : "";
			lines.push(
				make("path", { d: path, class: `link stripe-${stripe}${mate ? " mate" : ""}${lit}` }),
			);
		});
	}
	return lines;
}

/** A peer, in the colour of the stripe that it holds, with a core in that of the second. */
function dot(peer, at, peers) {
	const { x, y } = at.get(peer.id);
	const near =
		peer.parents.includes(chosen) || peers.find((p) => p.id === chosen)?.parents.includes(peer.id);
	const classes = ["peer", `stripe-${peer.holds[0] ?? 0}`];
	if (peer.holds.length === 0) classes.push("leaf");
	if (chosen && (peer.id === chosen || near)) classes.push("lit");
	const circle = make(
		"circle",
		{
			cx: x,
			cy: y,
			r: peer.leaf ? 8 : 11,
			class: classes.join(" "),
			tabindex: 0,
			role: "button",
			"data-peer": peer.id,
		},
		make("title", {}, `${peer.id}: ${describe(peer)}`),
	);
	circle.setAttribute("aria-label", `Peer ${peer.id}`);
	if (peer.holds.length < 2) return [circle];
	return [circle, make("circle", { cx: x, cy: y, r: 5, class: `core stripe-${peer.holds[1]}` })];
}

function draw(rendition, peers, width) {
	const clusters = clustersOf(peers);
	const { at, height } = arrange(clusters, width);
	const server = at.get("");
	const boxes = clusters
		.filter((c) => !c.leaf)
		.map((c) => make("circle", { cx: c.x, cy: c.y, r: CLUSTER / 2, class: "cluster" }));
	const known = peers.some((p) => p.id === chosen);
	return make(
		"svg",
		{
			viewBox: `0 0 ${width} ${height}`,
			width,
			height,
			role: "group",
			"aria-label": `Trees of ${rendition}`,
			class: known ? "chosen" : "",
		},
		...boxes,
		...links(peers, at),
		make("rect", {
			x: server.x - 56,
			y: server.y - 16,
			width: 112,
			height: 32,
			rx: 16,
			class: "server",
		}),
		make("text", { x: server.x, y: server.y + 4 }, "server"),
		...peers.flatMap((peer) => dot(peer, at, peers)),
	);
}

function describe(peer) {
	const rendition = latest.renditions[peer.rendition];
	const bandwidth = rendition?.averageBandwidth || rendition?.bandwidth;
	const rate = bandwidth
		? `, about ${Math.round((peer.used * bandwidth) / STRIPES / 1000)} kbit/s`
		: "";
	const seeds = peer.parents.filter((id) => id === "").length;
	return [
		peer.leaf
			? "a leaf, lends nothing"
			: peer.holds.length > 0
				? `feeds its cluster with ${list("stripe", peer.holds)}`
				: "holds no stripe",
		`sends ${peer.used} stripes${rate}, ${peer.slots} at most`,
		seeds > 0 ? `takes ${seeds} from the server` : "takes nothing from the server",
		`${peer.hops} ${peer.hops === 1 ? "hop" : "hops"} away`,
		`${peer.connections} ${peer.connections === 1 ? "connection" : "connections"}`,
	].join(" · ");
}

const list = (word, numbers) =>
	`${word}${numbers.length === 1 ? "" : "s"} ${numbers.map((n) => n + 1).join(", ")}`;

function summarize({ peers, total }) {
	if (total === 0) return "Nobody is connected to the tracker.";
	const stripes = peers.length * STRIPES;
	const fromServer = peers.reduce((sum, p) => sum + p.parents.filter((id) => id === "").length, 0);
	const leaves = peers.filter((p) => p.leaf).length;
	const seeds = peers.filter((p) => p.parents.includes("")).length;
	const hops = Math.max(...peers.map((p) => p.hops));
	return [
		total > peers.length
			? `${peers.length} of ${total} peers`
			: `${total} ${total === 1 ? "peer" : "peers"}`,
		`${seeds} fed by the server, with ${fromServer} of ${stripes} stripes`,
		`${leaves} ${leaves === 1 ? "leaf" : "leaves"}`,
		`${hops} ${hops === 1 ? "hop" : "hops"} at most`,
	].join(" · ");
}

function show() {
	if (!latest) return;
	summary.textContent = summarize(latest);
	const width = Math.max(drawings.clientWidth, 300);
	const renditions = [...new Set(latest.peers.map((p) => p.rendition))].sort((a, b) => a - b);
	const focused = document.activeElement?.dataset?.peer;
	drawings.replaceChildren();
	for (const index of renditions) {
		const name = latest.renditions[index]?.name ?? `rendition ${index}`;
		if (renditions.length > 1) {
			const title = document.createElement("h2");
			title.textContent = name;
			drawings.append(title);
		}
		drawings.append(
			draw(
				name,
				latest.peers.filter((p) => p.rendition === index),
				width,
			),
		);
	}
	const peer = latest.peers.find((p) => p.id === chosen);
	details.textContent = peer
		? `${peer.id}: ${describe(peer)}`
		: latest.total > 0
			? "Choose a peer to see what it takes and gives."
			: "";
	if (focused) drawings.querySelector(`[data-peer="${focused}"]`)?.focus();
}

async function refresh() {
	try {
		const answer = await fetch(main.dataset.source, { cache: "no-store" });
		if (!answer.ok) throw new Error(`status ${answer.status}`);
		latest = await answer.json();
		show();
	} catch {
		summary.textContent = "The server does not answer; trying again.";
	}
}

function choose(event) {
	if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
	const id = event.target.dataset?.peer ?? "";
	if (event.type === "keydown" && !id) return;
	event.preventDefault();
	chosen = id === chosen ? "" : id;
	show();
}

for (let stripe = 0; stripe < STRIPES; stripe++) {
	const button = document.createElement("button");
	button.type = "button";
	button.className = `stripe-${stripe}`;
	button.textContent = `Stripe ${stripe + 1}`;
	button.setAttribute("aria-pressed", "true");
	button.addEventListener("click", () => {
		if (!hidden.delete(stripe)) hidden.add(stripe);
		button.setAttribute("aria-pressed", String(!hidden.has(stripe)));
		show();
	});
	buttons.append(button);
}
drawings.addEventListener("click", choose);
drawings.addEventListener("keydown", choose);
addEventListener("resize", show);

for (;;) {
	if (!document.hidden) await refresh();
	await new Promise((resolve) => setTimeout(resolve, EVERY));
}
