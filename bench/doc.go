// Package bench holds benchmarks that take real time and real tools, which is why
// no test runs them.
package bench
