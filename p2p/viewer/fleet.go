package viewer

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// fleet starts sessions and collects their results.
type fleet struct {
	cfg   FleetConfig
	watch *url.URL
	log   zerolog.Logger

	mu      sync.Mutex
	count   int // sessions begun, for handing out renditions and limits
	results []result
	errs    []error // each once
}

// next gives the settings of the next session.
func (f *fleet) next() settings {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := settings{
		watch: f.watch, upload: serverUpload, noPeers: f.cfg.NoPeers, loopback: onThisMachine(f.watch.Hostname()),
		delay: f.cfg.Delay, loss: f.cfg.Loss, log: f.log,
	}
	if n := len(f.cfg.Renditions); n > 0 {
		s.rendition = f.cfg.Renditions[f.count%n]
	}
	if n := len(f.cfg.Uploads); n > 0 {
		s.upload = f.cfg.Uploads[f.count%n]
	}
	f.count++
	return s
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// seat keeps one viewer watching: it begins after wait, and each time that leave gives
// one, another takes its place.
func (f *fleet) seat(ctx context.Context, wait time.Duration, leave <-chan struct{}) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(wait):
	}
	for ctx.Err() == nil {
		session, cancel := context.WithCancel(ctx)
		left := make(chan struct{})
		go func() {
			defer close(left)
			select {
			case <-leave:
				cancel()
			case <-session.Done():
			}
		}()
		r, err := watchLive(session, f.next())
		cancel()
		<-left
		f.add(r, err)
		if err != nil {
			select { // the server is not there, or refuses
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

func (f *fleet) add(r result, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.results = append(f.results, r)
	if err != nil && !slices.ContainsFunc(f.errs, func(e error) bool { return e.Error() == err.Error() }) {
		f.errs = append(f.errs, err)
	}
}

// churn lets viewers leave, one after the other, perMinute in each minute.
func churn(ctx context.Context, perMinute float64, leave chan<- struct{}) {
	tick := time.NewTicker(time.Duration(float64(time.Minute) / perMinute))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case <-ctx.Done():
			return
		case leave <- struct{}{}:
		}
	}
}

// report sums up all sessions.
func (f *fleet) report(seconds time.Duration) (Report, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := Report{Viewers: f.cfg.N, Seconds: seconds.Seconds()}
	var latencies, joins []time.Duration
	for _, r := range f.results {
		if r.join > 0 {
			out.Joined++
			joins = append(joins, r.join)
		}
		out.PlayedSeconds += r.played.Seconds()
		out.Stalls += r.stalls
		out.StalledSeconds += r.stalled.Seconds()
		out.HTTPBytes += r.httpBytes
		out.P2PBytes += r.p2pBytes
		out.PlayedBytes += r.playedBytes
		out.Requests += r.requests
		out.RejectedChunks += r.rejected
		latencies = append(latencies, r.latencies...)
	}
	out.Latency, out.Join = quantiles(latencies), quantiles(joins)
	if out.PlayedBytes > 0 {
		out.Offload = 1 - float64(out.HTTPBytes)/float64(out.PlayedBytes)
	}
	if out.Joined == 0 {
		return out, errors.Join(f.errs...)
	}
	return out, nil
}

func quantiles(d []time.Duration) Quantile {
	if len(d) == 0 {
		return Quantile{}
	}
	slices.Sort(d)
	at := func(q float64) float64 { return d[min(int(q*float64(len(d))), len(d)-1)].Seconds() }
	return Quantile{P50: at(0.50), P95: at(0.95)}
}
