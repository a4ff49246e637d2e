package rtsp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/pion/rtp"
)

const (
	// quiet is how long a camera may send nothing.
	quiet = 10 * time.Second
	agent = "liverelay"
)

// Source plays from a camera or a server.
type Source struct {
	// URL is rtsp: or rtsps:, with user and password where they are needed.
	URL *url.URL
	// Dial connects, and looks where to.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// errQuiet: the connection stands, and nothing comes.
var errQuiet = errors.New("the camera sends nothing")

// Play hands on what comes until ctx ends, the other side does, or nothing came for 10 s.
// It does not close the session. No error has the address in it. Media comes over the
// same TCP connection, which alone is known to lead where it should.
func (s *Source) Play(ctx context.Context, to Session) error {
	at, err := base.ParseURL(s.URL.String())
	if err != nil {
		return errors.New("that is no RTSP address") // the error would repeat it
	}
	tcp := gortsplib.ProtocolTCP
	c := &gortsplib.Client{
		Scheme: at.Scheme, Host: at.Host, Protocol: &tcp, ReadTimeout: quiet, WriteTimeout: quiet, UserAgent: agent, DialContext: s.Dial,
		OnPacketsLost: func(uint64) {}, OnDecodeError: func(error) {},
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer c.Close()
	defer context.AfterFunc(ctx, c.Close)()
	failed := make(chan error, 1)
	heard := make(chan struct{}, 1)
	if err := play(c, at, to, failed, heard); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-to.Done():
			return errors.New("the session was ended")
		case err := <-failed:
			return err
		case err := <-ended:
			return fmt.Errorf("RTSP: %w", err)
		case <-timer.C:
			return errQuiet
		case <-heard:
			timer.Reset(quiet)
		}
	}
}

func play(c *gortsplib.Client, at *base.URL, to Session, failed chan<- error, heard chan<- struct{}) error {
	d, _, err := c.Describe(at)
	if err != nil {
		return fmt.Errorf("ask what there is: %w", err)
	}
	found, err := inputs(d, to)
	if err != nil {
		return err
	}
	for _, in := range found {
		if _, err := c.Setup(d.BaseURL, in.media, 0, 0); err != nil {
			return fmt.Errorf("set a track up: %w", err)
		}
		c.OnPacketRTP(in.media, in.format, func(pkt *rtp.Packet) {
			tell(heard, struct{}{})
			ticks, ok := c.PacketPTS(in.media, pkt)
			if !ok {
				return
			}
			if err := in.take(pkt, duration(ticks, in.format.ClockRate())); err != nil {
				tell(failed, err)
			}
		})
	}
	if _, err := c.Play(nil); err != nil {
		return fmt.Errorf("play: %w", err)
	}
	return nil
}

// duration converts ticks without overflow.
func duration(ticks int64, rate int) time.Duration {
	whole, rest := ticks/int64(rate), ticks%int64(rate)
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/time.Duration(rate)
}

// tell is a send that does not wait.
func tell[T any](to chan<- T, what T) {
	select {
	case to <- what:
	default:
	}
}
