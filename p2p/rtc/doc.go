// Package rtc carries the swarm's messages over WebRTC data channels with pion
// (docs/protocol.md, section 6): one connection and one channel per peer, negotiated
// with id 0, trickle ICE, bounded buffers. It knows nothing of what the messages say.
package rtc
