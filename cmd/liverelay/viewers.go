package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/p2p/viewer"
)

type viewersCommand struct {
	URL        string        `arg:"" help:"Watch address, like http://localhost:8080/live/main."`
	N          int           `short:"n" default:"10" help:"Viewers at a time."`
	Duration   time.Duration `default:"60s" help:"How long they watch."`
	JSON       bool          `help:"Print one JSON object."`
	JoinOver   time.Duration `placeholder:"DURATION" help:"Spread the first joins over this time."`
	Renditions []string      `placeholder:"NAME" help:"Renditions, handed out to the viewers in turn. Default: the first."`
	Churn      float64       `placeholder:"N" help:"Viewers that leave, and as many that join, in a minute."`
	ChurnFrom  time.Duration `placeholder:"DURATION" help:"When they begin to leave. Default: at once."`
	ChurnUntil time.Duration `placeholder:"DURATION" help:"When they cease to. Default: at the end."`
	Uploads    []string      `placeholder:"RATE" help:"Upload limits, handed out in turn: unlimited, none, or like 2Mbit/s. Default: what the server says."`
	NoPeers    bool          `help:"Take everything over HTTP, for comparison."`
	Uplinks    []string      `placeholder:"RATE,..." help:"Speed of the viewers' way to each other, handed out in turn: unlimited, none, or like 1.2Mbit/s."`
	Claims     []string      `placeholder:"RATE,..." help:"What the tracker is told of the uplinks, handed out in turn. Default: the truth."`
	Delay      time.Duration `placeholder:"DURATION" help:"Added to every packet between viewers, one way."`
	Loss       float64       `placeholder:"SHARE" help:"Share of packets between viewers that are lost, 0 to 1."`
	Ordered    bool          `help:"Let nothing that viewers send each other overtake anything, for comparison."`
	Kill       string        `placeholder:"stripe|half" help:"Make viewers vanish: all that feed one stripe, or half of all that feed anybody."`
	KillAt     time.Duration `default:"60s" help:"When they vanish."`
	CutTracker time.Duration `placeholder:"DURATION" help:"Cut everybody off from the tracker for so long."`
	CutAt      time.Duration `default:"60s" help:"When that begins."`
	Detail     bool          `help:"Add to the JSON what was seen second by second, and of each viewer."`
	Verbose    bool          `short:"v" help:"Say what happens to viewers, on standard error."`
}

// Run watches and prints what was seen.
func (c viewersCommand) Run(ctx context.Context, out io.Writer) error {
	fleet := viewer.FleetConfig{
		URL: c.URL, N: c.N, Duration: c.Duration, JoinOver: c.JoinOver, Renditions: c.Renditions,
		ChurnPerMinute: c.Churn, ChurnFrom: c.ChurnFrom, ChurnUntil: c.ChurnUntil, NoPeers: c.NoPeers,
		Delay: c.Delay, Loss: c.Loss, Detail: c.Detail,
		Ordered: c.Ordered, Kill: c.Kill, KillAt: c.KillAt, CutTracker: c.CutTracker, CutAt: c.CutAt,
	}
	if c.Verbose {
		fleet.Log = zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: "15:04:05.000"}).Level(zerolog.DebugLevel).With().Timestamp().Logger()
	}
	var err error
	if fleet.Uploads, err = rates("--uploads", c.Uploads); err != nil {
		return err
	}
	if fleet.Uplinks, err = rates("--uplinks", c.Uplinks); err != nil {
		return err
	}
	if fleet.Claims, err = rates("--claims", c.Claims); err != nil {
		return err
	}
	report, err := viewer.RunFleet(ctx, fleet)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(report)
	}
	printReport(out, report)
	return nil
}

func rates(flag string, texts []string) (list []int64, err error) {
	for _, text := range texts {
		limit, err := uploadLimit(text)
		if err != nil {
			return nil, usageError{fmt.Errorf("%s: %w", flag, err)}
		}
		list = append(list, limit)
	}
	return list, nil
}

func uploadLimit(text string) (int64, error) {
	if text == "none" {
		return -1, nil
	}
	rate, err := config.ParseBitrate(text)
	return int64(rate), err
}

func printReport(out io.Writer, r viewer.Report) {
	fmt.Fprintf(out, "viewers     %d of %d joined, in p50 %.2f s, p95 %.2f s\n", r.Joined, r.Viewers, r.Join.P50, r.Join.P95)
	fmt.Fprintf(out, "played      %.0f s; %d stalls, %.1f s stalled\n", r.PlayedSeconds, r.Stalls, r.StalledSeconds)
	fmt.Fprintf(out, "behind live p50 %.2f s, p95 %.2f s\n", r.Latency.P50, r.Latency.P95)
	fmt.Fprintf(out, "bytes       %d over HTTP, %d from peers, %d played: offload %.3f\n", r.HTTPBytes, r.P2PBytes, r.PlayedBytes, r.Offload)
	fmt.Fprintf(out, "requests    %d, of which playlists %d; chunks refused %d\n", r.Requests, r.PlaylistRequests, r.RejectedChunks)
}
