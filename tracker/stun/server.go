package stun

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// Config limits a server. The zero value stands for the defaults.
type Config struct {
	PerAddress int              // answers to one address in a second; 100
	Total      int              // answers in a second; 20,000
	Now        func() time.Time // time.Now
}

const (
	// packetSize is more than any Binding request has; what is longer is cut by the
	// read and then dropped for its wrong length.
	packetSize = 1500
	// patience is how many reads may fail in a row before the socket counts as lost.
	patience = 1000
)

// Listen opens the UDP socket of a server. An address without a host listens on
// IPv4 and IPv6.
func Listen(address string) (*net.UDPConn, error) {
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for STUN: %w", err)
	}
	udp := conn.(*net.UDPConn)
	askForDestination(udp) // before the first packet is there
	return udp, nil
}

// Serve answers Binding requests on conn (see Listen) until ctx ends, and closes it.
// It returns nil when ctx ended.
func Serve(ctx context.Context, conn *net.UDPConn, config Config) error {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	s := newServer(conn, config)
	for failures := 0; ; {
		err := s.one()
		switch {
		case err == nil:
			failures = 0
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed), failures == patience:
			return fmt.Errorf("serve STUN: %w", err)
		default:
			failures++
		}
	}
}

// server is the loop's state.
type server struct {
	conn      *net.UDPConn
	responder *responder
	limiter   *limiter
	now       func() time.Time
	packet    [packetSize]byte
	control   [128]byte
}

func newServer(conn *net.UDPConn, c Config) *server {
	if c.PerAddress <= 0 {
		c.PerAddress = 100
	}
	if c.Total <= 0 {
		c.Total = 20_000
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &server{
		conn:      conn,
		responder: newResponder(),
		limiter:   newLimiter(c.PerAddress, c.Total),
		now:       c.Now,
	}
}

// one reads a packet and answers it. Only a failed read is an error: an answer that
// can't be sent is like one that gets lost.
func (s *server) one() error {
	n, controls, _, from, err := s.conn.ReadMsgUDPAddrPort(s.packet[:], s.control[:])
	if err != nil {
		return err
	}
	if !plausible(s.packet[:n]) || !s.limiter.allow(from.Addr(), s.now().Unix()) {
		return nil
	}
	answer := s.responder.answer(s.packet[:n], from)
	if answer == nil {
		return nil
	}
	// The answer has to come from the address that was asked, or NATs drop it; on a
	// machine with several addresses the kernel would choose one by itself.
	_, _, _ = s.conn.WriteMsgUDPAddrPort(answer, s.control[:controls], from)
	return nil
}
