// Package broadcast is the registry of streams and of what is live on them: who
// may publish, the broadcast's identity and clock, and the fan-out of its units to
// readers.
//
// A Session is one connection of a publisher. A broadcast is what viewers see: it
// begins with the first unit that can be played and has an epoch, a random name
// that is never used twice. A session begins and ends a broadcast, yet they are
// two things, so that a broadcast may outlive a connection.
package broadcast
