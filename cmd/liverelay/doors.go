package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/tracker/stun"
)

// doors are the sockets that the daemon listens on; nil for what is switched off.
type doors struct {
	http, metrics, rtmp, rtsp net.Listener
	stun                      *net.UDPConn
}

// open opens all doors or none, before anything is said or served: a port that is
// taken is the first thing that its owner should hear of.
func (d *daemon) open(ctx context.Context) error {
	var err error
	if d.doors.http, err = listen(ctx, "viewers", d.config.HTTP.Address, "http.address"); err != nil {
		return err
	}
	d.doors.metrics, err = listen(ctx, "metrics", d.config.Metrics.Address, "metrics.address")
	if err == nil {
		d.doors.rtmp, err = listen(ctx, "RTMP", d.config.RTMP.Address, "rtmp.address")
	}
	if err == nil {
		d.doors.rtsp, err = d.listenRTSP(ctx)
	}
	if err == nil && d.config.STUN.Address != "" {
		d.doors.stun, err = listenSTUN(d.config.STUN.Address)
	}
	if err != nil {
		d.doors.close()
		return err
	}
	d.origin.Listener, d.origin.MetricsListener = d.doors.http, d.doors.metrics
	return nil
}

// listenRTSP does without, where nobody asked for it: the usual port is MediaMTX's, too,
// beside which liverelay often runs.
func (d *daemon) listenRTSP(ctx context.Context) (net.Listener, error) {
	address := d.config.RTSP.Address
	l, err := listen(ctx, "RTSP", address, "rtsp.address")
	if errors.Is(err, syscall.EADDRINUSE) && address == config.Default().RTSP.Address {
		d.log.Warn().Str("address", address).Msg("another program has the port of RTSP: no publishers are taken over RTSP (rtsp.address in the configuration)")
		return nil, nil
	}
	return l, err
}

// listen listens for TCP; an empty address is nobody's.
func listen(ctx context.Context, whom, address, key string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, syscall.EACCES) {
		return nil, fmt.Errorf("listen for %s: %w (%s in the configuration)", whom, err, key)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w", whom, err)
	}
	return l, nil
}

func listenSTUN(address string) (*net.UDPConn, error) {
	conn, err := stun.Listen(address)
	if err != nil {
		return nil, fmt.Errorf("%w (stun.address in the configuration; empty switches it off)", err)
	}
	return conn, nil
}

func (d doors) close() {
	for _, l := range []net.Listener{d.http, d.metrics, d.rtmp, d.rtsp} {
		if l != nil {
			_ = l.Close()
		}
	}
	if d.stun != nil {
		_ = d.stun.Close()
	}
}
