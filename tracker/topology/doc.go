// Package topology decides who is connected to whom. A Mesh is the plan of one
// swarm: events and the time go in (somebody joined, left, reported; time went
// by), actions come out (connect these two, take those two apart). It has no
// goroutine, no clock and no socket, and with a seeded random source it does the
// same thing every time, so that it can be simulated and tested by the thousand.
//
// The rules are those of docs/protocol.md section 8, first form: a newcomer is
// given up to Give neighbours, those with the fewest first; nobody has more than
// Most; who has fewer than Least after others left is given more; nobody is
// connected while fewer than MinAudience are there; a pair that failed is not
// tried again.
//
// Three rules stand beside them, because the first ones alone leave holes:
//
//   - A failure since the last success counts like a neighbour when "the fewest"
//     are looked for. Otherwise a viewer that nobody can reach always has the
//     fewest and is given to every newcomer in turn.
//   - Every member may be introduced to Introductions others at once and to one
//     more each Refill. Without it, whoever reports every connection as failed is
//     told the address of the whole audience.
//   - A swarm that fell into parts is joined again, by a free pair or by splitting
//     a connection of each part (two connections are taken apart and made across),
//     so that nobody's number of neighbours grows.
//
// What a plan of trees needs later, it adds as events (what an uplink is worth,
// what children received) and as kinds of Action; the shell passes on what it is
// given.
package topology
