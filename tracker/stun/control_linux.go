package stun

import (
	"net"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// askForDestination has the kernel say, with each packet, at which address it came
// in (ip(7), IP_PKTINFO; ipv6(7), IPV6_PKTINFO). Linux takes the same record back
// with the answer, to send it from there. One of the two calls fails, by the
// socket's family; where both do, the kernel chooses as ever.
func askForDestination(conn *net.UDPConn) {
	_ = ipv6.NewPacketConn(conn).SetControlMessage(ipv6.FlagDst|ipv6.FlagInterface, true)
	_ = ipv4.NewPacketConn(conn).SetControlMessage(ipv4.FlagDst|ipv4.FlagInterface, true)
}
