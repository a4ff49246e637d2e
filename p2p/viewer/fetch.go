package viewer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/liverelay/liverelay/p2p/wire"
)

// feedAgain is how long to wait before a feed that broke off is asked for again.
const feedAgain = 300 * time.Millisecond

// fetch gets a part; the answer comes to the loop.
func (v *session) fetch(ctx context.Context, id wire.PartID) {
	ctx, cancel := context.WithCancel(ctx)
	f := &fetching{cancel}
	v.fetches[id] = f
	name := v.verifier.Current().Renditions[id.Rendition].Name
	address := v.in.address(fmt.Sprintf("%s/p%d.m4s", name, id.Number))
	v.group.Go(func() {
		defer cancel()
		data, err := v.client.whole(ctx, address, maxMedia)
		select {
		case v.fetched <- fetchResult{id, f, data, err}:
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
		v.do(ctx, v.core.FetchFailed(v.now(), r.id, errors.Is(r.err, errGone)))
		return
	}
	v.do(ctx, v.core.Fetched(v.now(), r.id, r.data))
	v.advance()
}

// feed reads the feed, and asks again from where it broke off, until the broadcast or
// ctx ends.
func (v *session) feed(ctx context.Context, names []string) {
	for ctx.Err() == nil && !v.over.Load() {
		err := v.readFeed(ctx, names)
		if errors.Is(err, errGone) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(feedAgain):
		}
	}
}

// readFeed reads one answer to its end.
func (v *session) readFeed(ctx context.Context, names []string) error {
	body, err := v.client.get(ctx, v.in.address("feed?r="+strings.Join(names, ",")+v.from(names)))
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
		case v.frames <- frame{kind, append([]byte(nil), payload...)}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// from names the heads that are still to come, when some have.
func (v *session) from(names []string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []string
	for _, name := range names {
		if newest, known := v.newest[name]; known {
			list = append(list, fmt.Sprintf("%s:%d", name, newest+1))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "&from=" + strings.Join(list, ",")
}
