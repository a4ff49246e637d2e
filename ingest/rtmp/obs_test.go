package rtmp_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// obsFiles configure OBS: simple output with x264, a colour for a picture. %s is the
// server, then the key.
func obsFiles(server, key string) map[string]string {
	return map[string]string{
		"global.ini": "[General]\nFirstRun=true\nLicenseAccepted=true\nEnableAutoUpdates=false\n\n[Basic]\nProfile=P\nProfileDir=P\nSceneCollection=C\nSceneCollectionFile=C\nConfigOnNewProfile=false\n",
		"basic/profiles/P/basic.ini": "[General]\nName=P\n\n[Output]\nMode=Simple\n\n[SimpleOutput]\nStreamEncoder=x264\nVBitrate=500\nABitrate=96\n\n" +
			"[Video]\nBaseCX=640\nBaseCY=360\nOutputCX=640\nOutputCY=360\nFPSType=0\nFPSCommon=30\n\n[Audio]\nSampleRate=48000\nChannelSetup=Stereo\n",
		"basic/profiles/P/service.json": fmt.Sprintf(`{"type":"rtmp_custom","settings":{"server":%q,"key":%q,"use_auth":false,"bwtest":false}}`, server, key),
		"basic/scenes/C.json": `{"name":"C","current_scene":"S","current_program_scene":"S","scene_order":[{"name":"S"}],"sources":[` +
			`{"id":"color_source_v3","versioned_id":"color_source_v3","name":"K","settings":{"color":4278222848,"width":640,"height":360}},` +
			`{"id":"scene","versioned_id":"scene","name":"S","settings":{"custom_size":false,"id_counter":1,"items":[{"name":"K","id":1,"visible":true}]}}]}`,
	}
}

// startOBS runs the real OBS without a screen until the test ends.
func startOBS(t *testing.T, server, key string) (log func() string) {
	t.Helper()
	home := t.TempDir()
	for name, text := range obsFiles(server, key) {
		path := filepath.Join(home, "obs-studio", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	out := &lockedBuffer{}
	cmd := exec.Command("xvfb-run", "-a", "-s", "-screen 0 1024x768x24", "dbus-run-session", "--",
		"obs", "--profile", "P", "--collection", "C", "--scene", "S", "--startstreaming", "--multi")
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+home, "HOME="+home, "XDG_RUNTIME_DIR="+home, "LIBGL_ALWAYS_SOFTWARE=1")
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		waited := make(chan struct{})
		go func() { _ = cmd.Wait(); close(waited) }()
		select {
		case <-waited:
		case <-time.After(5 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-waited
		}
		if t.Failed() {
			t.Log(out.String())
		}
	})
	return out.String
}

// TestOBSPublishes streams from the real OBS with its default settings: it must be
// taken in, and told about its keyframes.
func TestOBSPublishes(t *testing.T) {
	s := open(t, nil)
	startOBS(t, "rtmp://"+s.address+"/live", testKey)
	require.Eventually(t, func() bool { return len(s.opened()) > 0 }, 40*time.Second, 50*time.Millisecond, "OBS did not come")
	r := s.first(t)
	require.Eventually(t, func() bool { return r.count(media.Video) > 150 && r.count(media.Audio) > 200 }, 20*time.Second, 50*time.Millisecond)
	last := map[media.Kind]time.Duration{}
	for _, u := range r.all() { // a busy machine lets OBS skip pictures, so gaps are no fault
		require.GreaterOrEqual(t, u.DTS, last[u.Kind])
		require.GreaterOrEqual(t, u.PTS, time.Duration(0))
		last[u.Kind] = u.DTS
	}
	require.Equal(t, 2, r.known, "both tracks are known before the first unit")
	states := s.registry.Streams()
	require.True(t, states[0].Live)
	require.Equal(t, 640, states[0].Tracks[0].Width)
	require.Contains(t, strings.Join(states[0].Warnings, " "), "no keyframe for more than 4 s")
	for _, w := range states[0].Warnings {
		t.Log(w)
	}
}

func TestOBSWithWrongKey(t *testing.T) {
	s := open(t, nil)
	log := startOBS(t, "rtmp://"+s.address+"/live", "not-a-key")
	require.Eventually(t, func() bool { return strings.Contains(log(), "BadName") }, 40*time.Second, 50*time.Millisecond, "OBS was not refused")
	require.Empty(t, s.opened())
}
