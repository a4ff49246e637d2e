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

	"github.com/liverelay/liverelay/p2p/rtc"
)

// fleet starts sessions and collects their results.
type fleet struct {
	cfg   FleetConfig
	watch *url.URL
	log   zerolog.Logger
	began time.Time

	gate *gate

	mu      sync.Mutex
	running map[*standing]struct{}
	killed  int
	after   *AfterKill
	seconds []Second
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
		gate: f.gate, ordered: f.cfg.Ordered, log: f.log,
		uplink: rtc.Uplink{Delay: f.cfg.Delay, Loss: f.cfg.Loss},
	}
	if n := len(f.cfg.Renditions); n > 0 {
		s.rendition = f.cfg.Renditions[f.count%n]
	}
	if n := len(f.cfg.Uploads); n > 0 {
		s.upload = f.cfg.Uploads[f.count%n]
	}
	if n := len(f.cfg.Uplinks); n > 0 {
		if rate := f.cfg.Uplinks[f.count%n]; rate < 0 {
			s.upload = -1
		} else {
			s.uplink.Rate = rate
		}
	}
	if n := len(f.cfg.Claims); n > 0 && s.upload != -1 {
		s.claim = max(f.cfg.Claims[f.count%n], 0)
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
		st := &standing{vanish: make(chan struct{})}
		f.enter(st)
		r, err := watchLive(session, f.next(), st)
		cancel()
		<-left
		f.leave(st, r, err)
		select {
		case <-st.vanish: // its seat stays empty
			return
		default:
		}
		if err != nil {
			select { // the server is not there, or refuses
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
}

// leave keeps what a session saw.
func (f *fleet) leave(st *standing, r result, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.running, st)
	f.results = append(f.results, r)
	if err != nil && !slices.ContainsFunc(f.errs, func(e error) bool { return e.Error() == err.Error() }) {
		f.errs = append(f.errs, err)
	}
}

// churn lets viewers leave, one after the other, in the time that is meant for it.
func (c FleetConfig) churn(ctx context.Context, leave chan<- struct{}) {
	if c.ChurnUntil > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.ChurnUntil)
		defer cancel()
	}
	if !wait(ctx, c.ChurnFrom) {
		return
	}
	tick := time.NewTicker(time.Duration(float64(time.Minute) / c.ChurnPerMinute))
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
	var latencies, joins, firsts []time.Duration
	var minutes, possible float64
	out.Killed, out.AfterKill = f.killed, f.after
	if f.cfg.Detail {
		out.Began, out.Timeline, out.Visits = f.began.UnixMilli(), f.seconds, f.visits()
	}
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
		out.UploadedBytes += r.uploaded
		out.HTTPParts += r.httpParts
		out.P2PParts += r.p2pParts
		out.WebSocketMessages += r.signalled.sent
		out.WebSocketReceived += r.signalled.came
		minutes += r.watched.Minutes()
		if r.stalls > 0 {
			out.StalledViewers++
		}
		if r.join > 0 {
			possible += (r.watched - r.join).Seconds()
		}
		if r.firstP2P > 0 {
			firsts = append(firsts, r.firstP2P)
		} else {
			out.NoP2P++
		}
		latencies = append(latencies, r.latencies...)
	}
	out.Latency, out.Join, out.FirstP2P = quantiles(latencies), quantiles(joins), quantiles(firsts)
	if minutes > 0 {
		out.HTTPRequestsPerViewerMinute = float64(out.Requests) / minutes
		out.WebSocketMessagesPerViewerMinute = float64(out.WebSocketMessages) / minutes
	}
	if possible > 0 {
		out.PlayedShare = out.PlayedSeconds / possible
	}
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
