// Package tracker introduces the viewers of a broadcast to each other: the WebSocket
// of docs/protocol.md section 8. It admits them, asks the plan (package forest) who
// is to be connected to whom, and passes offers, answers and candidates between
// those, and nobody else.
//
// # Who owns what
//
// One goroutine, Tracker.Run, owns all swarms (hub). One for each swarm would keep
// them apart, but a message costs the owner about a microsecond, since whatever is
// dear happens in the goroutines of the connections: reading, limits, parsing, and
// encoding what is passed on. So one is enough for tens of thousands of viewers, and
// there is no life cycle of owners to get wrong.
//
// Each connection has a goroutine that reads and one that writes. The owner never
// waits for a connection: it puts messages into the connection's bounded queue, and
// when that is full, the connection is cut (slow). A connection that talks too much
// waits for the owner, and so for itself.
//
// # Bounds
//
// Connections in all and for an address (an IPv6 network of 64 bits counts as one),
// arrivals and messages of an address, messages of a connection, the size of a
// message, what waits to be written, offers, answers and candidates for each
// connect, and how long one may be silent: see Limits. What is above is turned away
// or cut; nothing grows. Addresses are kept in memory to count them, and nowhere
// else.
//
// # Compression
//
// Messages of 512 bytes and more are compressed when the browser offers it, each by
// itself (no context takeover): a session description shrinks to about half, and an
// idle connection holds no compressor. See BenchmarkCompression for what it costs.
package tracker
