// Package outbound is the one way out: everything that fetches an address which
// somebody else may have written goes through its Client. It checks the address that
// is really connected to, at the moment of connecting, so that neither a redirect nor
// a name that changes its address leads into the machine's own network; and it bounds
// the size and the time of every answer (docs/decisions/sidecar.md).
package outbound
