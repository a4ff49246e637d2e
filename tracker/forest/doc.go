// Package forest decides who feeds whom. A Forest is the plan of one swarm: events and
// the time go in (somebody joined, left, reported; time went by), actions come out
// (connect these two, take those two apart, here is your plan). It has no goroutine, no
// clock and no socket, and with a seeded random source it does the same thing every
// time, so that it can be simulated and tested by the thousand.
//
// The rules are those of docs/protocol.md section 8; docs/decisions/trees.md says why.
// In short: for each rendition peers form clusters of up to six. Each of the six stripes
// has one holder in a cluster, who takes it from the cluster above and feeds the other
// five. The holders of the clusters at the top take it from the server: they are the
// seeds. Who lends nothing is a leaf and hangs on a cluster alone.
//
// # What always holds
//
// Links lead only within a cluster or to the one above, and a stripe comes into a
// cluster at members that don't take it from each other: so there is no circle. Leaves may
// take a stripe from elsewhere, as guests, since nobody hangs on them. Nobody
// sends more stripes than its slots, or has more than ten connections that plans need;
// who can't be served within that is served by the server. A pair that failed is never
// tried again, and nobody is told of many others in a short time.
//
// # How it reads
//
// settle works out one cluster: who holds which stripe and who feeds whom, keeping what
// may be kept. All that happens ends in it: members come and go, pairs fail, slots
// shrink. place hangs a cluster on another one. mend re-plans with each tick. What the
// viewers are told is worked out last: connections that became needed, idle ones that
// waited long enough, and the plans that differ from those sent before.
package forest
