// Package stun tells viewers what their address looks like from outside: a STUN
// server (RFC 8489) that answers Binding requests over UDP and nothing else. Without
// it most homes can't be connected, and with it no third party has to be asked.
//
// It keeps no state but counters: no sessions, no authentication, no TURN. Whatever
// isn't a well-formed Binding request is dropped without an answer. An answer is
// never more than 32 bytes longer than its request, and the answers to one address
// (an IPv6 network of 64 bits counts as one) are limited, so that nobody gains by
// sending requests in another's name.
package stun
