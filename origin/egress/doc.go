// Package egress decides who is served while a server may not send all that it is
// asked for. It is a state machine without I/O: requests and the time go in, verdicts
// come out.
//
// All that is sent is paid from one bucket of tokens (bytes), which fills at the
// configured rate and holds half a second's worth. An answer is given while the bucket
// holds more than its class needs, and is paid for as it is sent, so the bucket can go
// into debt by about one answer, and no queue builds up: who is not served now, or in a
// moment, is refused now. Feeds are promises for a long time; they are given while the sum of
// their rates leaves room, and those that run are the last to suffer.
//
// Refusals cost bytes too. The time after which the refused may come again grows with
// their number, so that they take a small share of the rate at most. That, and a
// bounded debt, is why an overload ends soon after its cause.
package egress
