// Package house checks the rules of the house: which room may import which, how
// long a file may be, that every package says what it is, and formatting. It holds
// tests only.
package house
