//go:build !linux

package stun

import "net"

// askForDestination does nothing where the record of a packet's destination can't
// be sent back as it is.
func askForDestination(*net.UDPConn) {}
