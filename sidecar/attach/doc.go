// Package attach finds out what an address is — a playlist, a camera, a PeerTube watch
// page, an Owncast, MediaMTX or nginx server — by asking there, and stays attached to
// it: broadcast after broadcast, with patience while there is none.
package attach
