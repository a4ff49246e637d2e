package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/config"
)

// A video's id alone says nothing of its server.
func TestTypedSource(t *testing.T) {
	for _, id := range []string{"kkGMgK9ZtnKfYAgnEtQxbv", "9c9de5e8-0a1e-484a-b099-e80766180a6d"} {
		_, err := typedSource(config.Stream{Source: id})
		require.ErrorContains(t, err, "--instance")
		at, err := typedSource(config.Stream{Source: id, SourceInstance: "https://tube.example.org"})
		require.NoError(t, err)
		require.Equal(t, "https://tube.example.org/w/"+id, at.String())
	}
	at, err := typedSource(config.Stream{Source: "rtsp://cam.example.org/1"})
	require.NoError(t, err)
	require.Equal(t, "cam.example.org", at.Host)
}
