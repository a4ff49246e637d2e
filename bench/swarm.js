// swarm.js NAME... [--viewers=N] [--seconds=N]: what a swarm of headless viewers with
// small uplinks spares the daemon, one scene of bench/swarm/scenes.js after the other.
// Exits with 1 when a target is missed. Without a name it lists the scenes. --seconds and
// --viewers make a trial of it: all moments of a scene shrink with its time.

import { option, report } from "./lib.js";
import { judge, lines } from "./swarm/judge.js";
import { play } from "./swarm/play.js";
import { scenes } from "./swarm/scenes.js";

const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
if (names.length === 0) {
	for (const [name, { title }] of Object.entries(scenes))
		console.log(`${name.padEnd(12)} ${title}`);
}
let missed = 0;
for (const name of names) {
	const scene = scenes[name];
	if (!scene) throw new Error(`there is no scene ${name}: run swarm.js without a name for a list`);
	const played = await play(scene, {
		viewers: option("viewers", 0),
		seconds: option("seconds", 0),
	});
	const verdict = judge(scene, played);
	report(`swarm-${name}`, { title: scene.title, ...verdict, ...played }, lines(name, verdict));
	if (!verdict.passed) missed++;
}
process.exitCode = missed > 0 ? 1 : 0;
