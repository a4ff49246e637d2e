// Package doctor looks at a stream that another server has: what it is, how close to live
// anybody can be with it and why, what stands in the way of viewers, and what to write
// into the configuration to attach to it.
package doctor
