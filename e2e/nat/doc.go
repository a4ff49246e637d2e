// Package nat tests what only shows behind home routers: two viewers, each behind a
// NAT of its own, learn their outside addresses from our STUN server, are introduced
// by our tracker, and speak to each other directly.
//
// It needs root and a kernel with network namespaces and nftables; where these are
// missing, the test says so and does nothing. nat.sh makes the namespaces and can be
// used by hand, and by the tests with browsers.
package nat
