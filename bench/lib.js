// What the benchmarks share: where figures go, and the machine they were taken on.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { root } from "../e2e/lib/daemon.js";

const out = join(root, "bench/out");

/**
 * Keeps figures and their table as bench/out/NAME.json, and prints the table. tables.js
 * writes it into docs/benchmarks.md where that has marks of the name.
 * @param {string} name
 * @param {object} figures
 * @param {string} table
 */
export function report(name, figures, table) {
	mkdirSync(out, { recursive: true });
	const version = execFileSync("git", ["describe", "--tags", "--always", "--dirty"], { cwd: root });
	const about = {
		date: new Date().toISOString(),
		version: String(version).trim(),
		machine: `${cpus().length} × ${cpus()[0].model}, Linux ${release()}`,
	};
	writeFileSync(
		join(out, `${name}.json`),
		`${JSON.stringify({ ...about, ...figures, table }, null, 1)}\n`,
	);
	console.log(`\n## ${name} (${about.date.slice(0, 16)}Z, ${about.version}, ${about.machine})\n`);
	console.log(table);
}

/** A file for a screenshot. @param {string} name */
export function picture(name) {
	mkdirSync(out, { recursive: true });
	return join(out, name);
}

/**
 * A number given on the command line as --name=value.
 * @param {string} name
 * @param {number} otherwise
 */
export function option(name, otherwise) {
	const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
	return given ? Number(given.split("=")[1]) : otherwise;
}
