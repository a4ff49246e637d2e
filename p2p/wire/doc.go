// Package wire is the swarm's format (docs/protocol.md, sections 1 to 6): messages
// between peers, the feed's frames, manifests, batches of heads, the rule by which
// parts are cut into chunks, and the signatures over all of it.
//
// Everything that is decoded here comes from strangers: each length is checked
// against its bound before anything is allocated for it, and decoded slices point
// into the bytes that were given, unless a comment says otherwise.
package wire
