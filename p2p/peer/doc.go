// Package peer is the peer's logic as a pure state machine (docs/protocol.md, section
// 6.1): events and the time go in, actions come out. It has no goroutine, no clock
// and no socket; a shell carries its actions out. The traces of
// testdata/vectors/peer-*.json hold it and its twin in TypeScript together.
package peer
