package viewer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/liverelay/liverelay/p2p/peer"
	"github.com/liverelay/liverelay/p2p/wire"
)

// fetchWithin is how long the server may take for a piece of a part.
const fetchWithin = 8 * time.Second

// fetch gets chunks of a part; the answer comes to the loop.
func (v *session) fetch(ctx context.Context, a peer.Action) {
	within, cancel := context.WithTimeout(ctx, fetchWithin)
	f := &fetching{cancel}
	v.fetches[a.Part] = f
	name := v.verifier.Current().Renditions[a.Part.Rendition].Name
	address := v.in.address(fmt.Sprintf("%s/p%d.m4s", name, a.Part.Number))
	v.group.Go(func() {
		defer cancel()
		data, err := v.client.piece(within, address, a.From, a.To)
		select {
		case v.fetched <- fetchResult{a.Part, f, data, err}:
		case <-ctx.Done():
		}
	})
}

// answer hands a fetch's result to the core, unless it was aborted meanwhile.
func (v *session) answer(ctx context.Context, r fetchResult) {
	if v.fetches[r.id] != r.f {
		return
	}
	delete(v.fetches, r.id)
	if r.err != nil {
		v.do(ctx, v.core.FetchFailed(v.now(), r.id, errors.Is(r.err, errGone), retryAfter(r.err)))
		return
	}
	v.do(ctx, v.core.Fetched(v.now(), r.id, r.data))
	v.advance(ctx)
}

// feeding is one answer of the server's feed.
type feeding struct{ cancel context.CancelFunc }

// feed ends the feed that there is, and opens another one, unless nothing is wanted.
func (v *session) feed(ctx context.Context, want []peer.Want, seed bool) {
	if v.feeding != nil {
		v.feeding.cancel()
		v.feeding = nil
	}
	if len(want) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &feeding{cancel}
	v.feeding = f
	address := v.in.address("feed?" + v.feedQuery(want, seed))
	v.group.Go(func() {
		defer cancel()
		err := v.readFeed(ctx, f, address)
		select {
		case v.frames <- frame{feed: f, err: err}:
		case <-ctx.Done():
		}
	})
}

// feedQuery is the query of a feed (docs/protocol.md, section 5).
func (v *session) feedQuery(want []peer.Want, seed bool) string {
	var names, from, stripes []string
	for _, w := range want {
		name := v.verifier.Current().Renditions[w.Rendition].Name
		names = append(names, name)
		if w.From >= 0 {
			from = append(from, fmt.Sprintf("%s:%d", name, w.From))
		}
		var list []string
		for s := range wire.Stripes {
			if w.Stripes>>s&1 != 0 {
				list = append(list, fmt.Sprint(s))
			}
		}
		if len(list) == wire.Stripes {
			list = []string{"all"}
		}
		if len(list) > 0 {
			stripes = append(stripes, name+":"+strings.Join(list, "."))
		}
	}
	query := "r=" + strings.Join(names, ",")
	if len(from) > 0 {
		query += "&from=" + strings.Join(from, ",")
	}
	if len(stripes) > 0 {
		query += "&stripes=" + strings.Join(stripes, ",")
	}
	if seed {
		query += "&seed=1"
	}
	return query
}

// readFeed reads one answer to its end.
func (v *session) readFeed(ctx context.Context, f *feeding, address string) error {
	body, err := v.client.get(ctx, address, 0, 0)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	reader := wire.NewFrameReader(body)
	for {
		kind, payload, err := reader.Next()
		if err != nil {
			return err
		}
		select {
		case v.frames <- frame{feed: f, kind: kind, payload: append([]byte(nil), payload...)}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
