// The real OBS Studio, without a screen: a profile and one scene are written, Xvfb
// shows the window to nobody, and it streams from the start.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Process } from "./process.js";

const name = "liverelay";

/** An OBS that streams. */
export class OBS {
	/**
	 * Starts OBS. It takes some ten seconds until it streams.
	 * @param {{ server: string, key: string }} service what one types into OBS's two fields
	 */
	static start(service) {
		const home = mkdtempSync(join(tmpdir(), "liverelay-obs-"));
		writeProfile(join(home, "obs-studio"), service);
		const env = {
			...process.env,
			HOME: home,
			XDG_CONFIG_HOME: home,
			XDG_RUNTIME_DIR: home,
			LIBGL_ALWAYS_SOFTWARE: "1",
			QT_QPA_PLATFORM: "xcb",
		};
		const obs = `dbus-run-session -- obs --multi --startstreaming --minimize-to-tray
			--profile ${name} --collection ${name} --scene ${name}`;
		const args = ["-a", "-s", "-screen 0 1280x720x24", ...obs.split(/\s+/)];
		return new OBS(new Process("xvfb-run", args, { env, detached: true }), home);
	}

	/** @param {Process} process @param {string} home */
	constructor(process, home) {
		this.process = process;
		this.home = home;
	}

	async stop() {
		// Xvfb, the session bus and OBS are one group of processes, and ours.
		try {
			process.kill(-this.process.pid, "SIGTERM");
		} catch {
			// It has ended by itself.
		}
		await this.process.stop();
		rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
	}
}

/**
 * @param {string} folder
 * @param {{ server: string, key: string }} service
 */
function writeProfile(folder, service) {
	const profile = join(folder, "basic/profiles", name);
	const scenes = join(folder, "basic/scenes");
	for (const dir of [profile, scenes]) mkdirSync(dir, { recursive: true });
	writeFileSync(
		join(folder, "global.ini"),
		`[General]
FirstRun=true
LastVersion=486539266
EnableAutoUpdates=false
[Basic]
Profile=${name}
ProfileDir=${name}
SceneCollection=${name}
SceneCollectionFile=${name}
ConfigOnNewProfile=false
[BasicWindow]
SysTrayEnabled=false
`,
	);
	writeFileSync(
		join(profile, "basic.ini"),
		`[General]
Name=${name}
[Output]
Mode=Simple
Reconnect=true
[SimpleOutput]
StreamEncoder=x264
VBitrate=1000
ABitrate=96
Preset=ultrafast
UseAdvanced=true
[Video]
BaseCX=640
BaseCY=360
OutputCX=640
OutputCY=360
FPSType=0
FPSCommon=30
[Audio]
SampleRate=48000
ChannelSetup=Stereo
`,
	);
	const rtmp = { type: "rtmp_custom", settings: { ...service, use_auth: false } };
	writeFileSync(join(profile, "service.json"), JSON.stringify(rtmp));
	writeFileSync(join(scenes, `${name}.json`), JSON.stringify(scene()));
}

/** One scene: a colour over the whole picture, and a line of text that scrolls. */
function scene() {
	const source = (
		/** @type {string} */ id,
		/** @type {string} */ called,
		/** @type {object} */ more,
	) => ({
		id,
		versioned_id: id,
		name: called,
		enabled: true,
		volume: 1,
		...more,
	});
	const item = (
		/** @type {number} */ id,
		/** @type {string} */ called,
		/** @type {number} */ y,
	) => ({
		id,
		name: called,
		visible: true,
		pos: { x: 0, y },
		scale: { x: 1, y: 1 },
		align: 5,
	});
	const scroll = {
		id: "scroll_filter",
		versioned_id: "scroll_filter",
		name: "scroll",
		enabled: true,
		settings: { speed_x: 120, loop: true },
	};
	return {
		name,
		current_scene: name,
		current_program_scene: name,
		scene_order: [{ name }],
		sources: [
			source("color_source_v3", "colour", {
				settings: { color: 0xff805020, width: 640, height: 360 },
			}),
			source("text_ft2_source_v2", "text", {
				settings: { text: "  OBS Studio  ", font: { face: "DejaVu Sans", size: 64 } },
				filters: [scroll],
			}),
			source("scene", name, {
				settings: { items: [item(1, "colour", 0), item(2, "text", 140)], id_counter: 2 },
			}),
		],
	};
}
