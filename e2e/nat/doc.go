// Package nat tests what only shows behind home routers: two viewers, each behind a
// NAT of its own, learn their outside addresses from our STUN server, are introduced
// by our tracker, and speak to each other directly.
//
// It runs in a network namespace of its own (e2e/isolated.sh) and needs a kernel with
// nftables; where that can't be had, the test says so and does nothing. net.sh makes the
// hosts, here as for the tests with browsers.
package nat
