// Command liverelay relays live streams: RTMP in, low-latency HLS out, shared
// between its viewers. This package holds the command line and the wiring of the
// rooms, nothing else.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set when the binary is linked (see the Makefile).
var version = "dev"

type cli struct {
	Run         runCommand         `cmd:"" help:"Run the daemon: take a stream in over RTMP, serve it as LL-HLS and to the swarm."`
	Attach      attachCommand      `cmd:"" help:"Add a swarm to a stream that another server has already: HLS, RTSP, RTMP, PeerTube, Owncast, MediaMTX."`
	Doctor      doctorCommand      `cmd:"" help:"Say what a stream of another server is, how close to live it can be, and how to attach to it."`
	Viewers     viewersCommand     `cmd:"" help:"Start headless viewers against a watch address and report offload, stalls and latency."`
	Validate    validateCommand    `cmd:"" help:"Check the configuration without starting anything."`
	PrintConfig printConfigCommand `cmd:"" help:"Print the configuration that holds, after file and environment."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

func main() {
	os.Exit(run(os.Args[1:]))
}

// run returns the exit code: 0 for success, 1 for a failure, 2 for a wrong
// command line or configuration.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parser, err := kong.New(&cli{},
		kong.Name("liverelay"),
		kong.Description("Live streams that their viewers carry: RTMP in, low-latency HLS out, shared over WebRTC.\n\nStart with `liverelay run --demo`, then open the watch address that it prints."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.BindTo(os.Stdout, (*io.Writer)(nil)),
		kong.Vars{"version": version},
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "liverelay:", err)
		return 2
	}
	command, err := parser.Parse(args)
	if err != nil {
		return misused(parser, err)
	}
	err = command.Run()
	var usage usageError
	var code exitCode
	switch {
	case errors.As(err, &code):
		return int(code)
	case err == nil || errors.Is(err, context.Canceled):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "liverelay: "+usage.Error())
		return 2
	default:
		fmt.Fprintln(os.Stderr, "liverelay: "+err.Error())
		return 1
	}
}

// misused says what is wrong with the command line, on standard error: standard
// output is for what was asked for.
func misused(parser *kong.Kong, err error) int {
	var fault *kong.ParseError
	if errors.As(err, &fault) {
		parser.Stdout = os.Stderr
		_ = fault.Context.PrintUsage(fault.Context.Command() != "")
		fmt.Fprintln(os.Stderr)
	}
	fmt.Fprintln(os.Stderr, "liverelay: "+err.Error())
	return 2
}

// exitCode is the end of a command that has said everything itself.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// usageError is a fault of what the user wrote: command line or configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }
