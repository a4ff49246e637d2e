package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"

	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/segmenter/llhls/probe"
	"github.com/liverelay/liverelay/sidecar/attach"
	"github.com/liverelay/liverelay/sidecar/doctor"
	"github.com/liverelay/liverelay/sidecar/outbound"
)

type doctorCommand struct {
	configFlags
	URL      string `arg:"" help:"What attach would be given."`
	JSON     bool   `help:"Print one JSON object."`
	Instance string `placeholder:"URL" help:"Address of the PeerTube server, when the address is a video's UUID alone."`
	Token    string `env:"ATTACH_TOKEN" help:"OAuth token for a private stream of PeerTube."`
	Password string `env:"ATTACH_PASSWORD" help:"Password of a PeerTube video."`
}

// Help explains the exit codes.
func (doctorCommand) Help() string {
	return "The exit code is 0 when all is well, 3 when it can be attached to, with warnings, 4 when it is not live now, 1 when there is nothing to attach to, and 2 for a wrong command line."
}

// Run examines the address.
func (c doctorCommand) Run(ctx context.Context, out io.Writer) error {
	loaded, err := c.load()
	if err != nil {
		return err
	}
	at, err := typedSource(config.Stream{Source: c.URL, SourceInstance: c.Instance})
	if err != nil {
		return usageError{err}
	}
	secret := attach.Secrets{Token: c.Token, Password: c.Password}
	client, err := outbound.New(outbound.Config{
		Allow: loaded.Outbound.AllowHosts, Typed: []*url.URL{at}, Header: secret.Header(), Agent: "liverelay-doctor/" + version,
	})
	if err != nil {
		return usageError{err}
	}
	defer client.Close()
	report := doctor.Examine(ctx, doctor.Options{
		URL: at, Client: client, Secret: secret, Ports: portsOf(loaded),
		Verdict: verdict(client),
	})
	if c.JSON {
		err = json.NewEncoder(out).Encode(report)
	} else {
		err = report.Write(out)
	}
	if code := report.Exit(); err == nil && code != doctor.ExitGood {
		return exitCode(code)
	}
	return err
}

func portsOf(c config.Config) map[string]string {
	all := map[string]string{"http.address": c.HTTP.Address}
	if c.STUN.Address != "" {
		all["stun.address"] = c.STUN.Address
	}
	return all
}

// verdict follows the stream for some seconds, and tries what LL-HLS asks of a server.
func verdict(client *outbound.Client) func(ctx context.Context, address string) ([]string, error) {
	return func(ctx context.Context, address string) ([]string, error) {
		report, err := probe.Check(ctx, address, probe.Options{Dial: client.Dial})
		if err != nil {
			return nil, err
		}
		var found []string
		for _, rule := range report.Of(probe.Broken) {
			found = append(found, fmt.Sprintf("not so: %s (%d of %d)", rule.Meaning, rule.Failed, rule.Tried))
		}
		return found, nil
	}
}
