// Package poster makes a still picture of a broadcast every half a minute: what is
// shown of a stream before it plays, in lists and on other sites.
package poster
