// Package door bounds what strangers may take of a server before they have shown a key:
// how many connections there are, and how many of one address.
package door
