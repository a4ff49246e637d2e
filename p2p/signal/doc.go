// Package signal is the viewer's side of the tracker's WebSocket (docs/protocol.md,
// section 8): it joins, keeps a reading of the server's clock, and hands over what the
// tracker says.
package signal
