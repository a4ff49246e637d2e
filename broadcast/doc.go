// Package broadcast is the registry of streams and of what is live on them: who
// may publish, the broadcast's identity and clock, and the fan-out of its units to
// readers.
//
// A Session is one connection of a publisher. A broadcast is what viewers see: it
// begins with the first unit that can be played and has an epoch, a random name
// that is never used twice. It outlives its publisher by the grace period: who
// comes back meanwhile, over whatever connection, goes on with it. It outlives the
// process too, when its Past is kept and given to Resume.
package broadcast
