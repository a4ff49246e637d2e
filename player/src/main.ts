// What a page loads: it defines <live-relay>.
import { LiveRelayElement } from "./element.ts";

if (!customElements.get("live-relay")) customElements.define("live-relay", LiveRelayElement);

export { LiveRelayElement };
