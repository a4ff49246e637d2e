package main

import (
	"fmt"
	"io"
	"net"
	"strings"
)

// greet says what to type into OBS and where to watch. A key that was made here is
// shown on a terminal only; elsewhere the file that holds it is named.
func (d *daemon) greet(out io.Writer) {
	fmt.Fprintf(out, "\nliverelay %s\n", version)
	for _, name := range d.streams.names {
		s := d.streams.all[name]
		fmt.Fprintf(out, "\n  stream      %s\n", name)
		if s.Source != "" {
			fmt.Fprintf(out, "  attached to %s\n", shownSource(s.SourceAddress()))
		} else if d.config.RTMP.Address != "" {
			fmt.Fprintf(out, "  OBS server  %s\n", d.pushServer())
			fmt.Fprintf(out, "  stream key  %s\n", s.shownKey(isTerminal(out)))
		}
		fmt.Fprintf(out, "  watch       %s\n", d.watchURL(name))
	}
	fmt.Fprintf(out, "\nOBS: Settings, Stream, service Custom...; Settings, Output, Advanced: keyframe interval 1 s.\n\n")
}

// shownKey is what the greeting says of the key.
func (s stream) shownKey(terminal bool) string {
	switch {
	case s.keyFile == "":
		return "(as in the configuration)"
	case terminal:
		return s.key
	default:
		return "(in the file " + s.keyFile + ")"
	}
}

func (d *daemon) watchURL(stream string) string {
	base := strings.TrimSuffix(d.config.HTTP.PublicURL, "/")
	if base == "" {
		scheme := "http"
		if d.config.TLS.Cert != "" {
			scheme = "https"
		}
		base = scheme + "://" + reachable(d.config.HTTP.Address)
	}
	return base + "/live/" + stream
}

func (d *daemon) pushServer() string {
	scheme := "rtmp"
	if d.config.TLS.Cert != "" {
		scheme = "rtmps"
	}
	return scheme + "://" + reachable(d.config.RTMP.Address) + "/live"
}

// pushURL is for ourselves: it has the key in it and is shown to nobody.
func (d *daemon) pushURL(stream string) string {
	return "rtmp://" + reachable(d.config.RTMP.Address) + "/live/" + d.streams.all[stream].key
}

// reachable turns a listening address into one to connect to from this machine.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
