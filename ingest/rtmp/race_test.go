//go:build race

package rtmp_test

// underRace says that the race detector is on.
const underRace = true
