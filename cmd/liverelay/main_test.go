package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/config"
	"github.com/liverelay/liverelay/vault"
)

func TestValidateSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(file, []byte("http: { adress: ':80' }"), 0o600))
	var out bytes.Buffer
	err := validateCommand{configFlags: configFlags{Config: file}, JSON: true}.Run(&out)
	var usage usageError
	require.ErrorAs(t, err, &usage)
	var verdict struct {
		Valid bool
		Error string
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &verdict))
	require.False(t, verdict.Valid)
	require.Contains(t, verdict.Error, "did you mean http.address?")
}

func TestPrintConfigBlanksKeys(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(file, []byte("streams: { demo: { key: sesame-sesame-sesame } }"), 0o600))
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		require.NoError(t, printConfigCommand{configFlags: configFlags{Config: file}, JSON: asJSON}.Run(&out))
		require.NotContains(t, out.String(), "sesame")
		require.Contains(t, out.String(), "demo")
	}
}

func TestGreetingShowsAKeyOnATerminalOnly(t *testing.T) {
	v, err := vault.Open(t.TempDir())
	require.NoError(t, err)
	defer func() { require.NoError(t, v.Close()) }()
	d, err := build(config.Default(), v, zerolog.Nop())
	require.NoError(t, err)
	var out bytes.Buffer
	d.greet(&out)
	made := d.streams.all[defaultStream]
	require.NotContains(t, out.String(), made.key)
	require.Contains(t, out.String(), made.keyFile)
	require.Contains(t, out.String(), "rtmp://localhost:1935/live")
	require.Contains(t, out.String(), "http://localhost:8080/live/main")
	require.Equal(t, made.key, made.shownKey(true))
}

func TestUploadLimits(t *testing.T) {
	for text, want := range map[string]int64{"none": -1, "unlimited": 0, "2Mbit/s": 2_000_000} {
		got, err := uploadLimit(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := uploadLimit("fast")
	require.ErrorContains(t, err, "is no bit rate")
}

func TestOneServiceThatFailsEndsAll(t *testing.T) {
	fault := errors.New("port in use")
	ended := make(chan struct{})
	err := together(context.Background(), []service{
		{"http", func(context.Context) error { return fault }},
		{"rtmp", func(ctx context.Context) error { <-ctx.Done(); close(ended); return ctx.Err() }},
	})
	require.ErrorIs(t, err, fault)
	require.ErrorContains(t, err, "http: port in use")
	<-ended
}

func TestAWrongCommandLineIsCodeTwo(t *testing.T) {
	for _, args := range [][]string{{"nonsense"}, {}, {"run", "--nonsense"}, {"viewers"}, {"run", "--config", "nowhere.yaml"}} {
		require.Equal(t, 2, run(args), "%q", args)
	}
	require.Equal(t, 0, run([]string{"version"}))
	t.Setenv("LIVERELAY_RTMP__ADDRESS", "")
	require.Equal(t, 2, run([]string{"run", "--demo"}), "nothing to publish to")
}
