// The light build has no type declarations of its own; its interface is that of
// the full one.
declare module "hls.js/light" {
	import Hls from "hls.js";

	export * from "hls.js";
	export default Hls;
}
