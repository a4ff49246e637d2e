// When a viewer's uplink is not to be used, and what sharing a viewer agrees to.
import type { Mode } from "./net/join.ts";

/** From sharing freely to not at all. */
const order: readonly Mode[] = ["auto", "ask", "relays", "none"];

/** The one of two wishes that shares less. */
export function stricter(a: Mode, b: Mode): Mode {
	return order.indexOf(a) > order.indexOf(b) ? a : b;
}

interface Battery {
	charging: boolean;
	level: number;
}

interface Connection {
	saveData?: boolean;
	type?: string;
}

const lowBattery = 0.2;

/** Whether the viewer pays for what is sent, asked to save data, or is running out of power. */
export function isSparing(connection: Connection | undefined, battery: Battery | null): boolean {
	if (connection?.saveData === true || connection?.type === "cellular") return true;
	return battery !== null && !battery.charging && battery.level <= lowBattery;
}

/** Watches what the browser knows of link and battery. */
export class Manners {
	#battery: Battery | null = null;

	constructor() {
		const { getBattery } = navigator as { getBattery?: () => Promise<Battery> };
		getBattery?.call(navigator).then(
			(battery) => {
				this.#battery = battery;
			},
			() => {},
		);
	}

	get isSparing(): boolean {
		const { connection } = navigator as { connection?: Connection };
		return isSparing(connection, this.#battery);
	}
}
