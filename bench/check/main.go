// Command check says whether the HLS at some addresses keeps the rules of low
// latency: go run ./bench/check [-watch 12s] [-json] URL...
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/liverelay/liverelay/segmenter/llhls/probe"
)

func main() {
	watch := flag.Duration("watch", 12*time.Second, "how long playlists are followed")
	asJSON := flag.Bool("json", false, "print reports as JSON")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code := 0
	for _, address := range flag.Args() {
		report, err := probe.Check(ctx, address, probe.Options{Watch: *watch})
		switch {
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			code = 2
		case !report.OK():
			code = max(code, 1)
		}
		if text, err := json.MarshalIndent(report, "", " "); *asJSON && err == nil {
			_, _ = fmt.Fprintf(os.Stdout, "%s\n", text)
			continue
		}
		_, _ = fmt.Fprint(os.Stdout, report)
	}
	stop()
	os.Exit(code) //nolint:gocritic // stop was called
}
