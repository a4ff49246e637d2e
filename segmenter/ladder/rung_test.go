package ladder

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/liverelay/liverelay/media"
)

// codecs is the CODECS attribute of an H.264 track.
func codecs(t media.Track) string {
	return fmt.Sprintf("avc1.%02x%02x%02x", t.Config[1], t.Config[2], t.Config[3])
}

func video(width, height int, fps float64) media.Track {
	return media.Track{Kind: media.Video, Codec: media.H264, Config: []byte{1}, Width: width, Height: height, FPS: fps}
}

func TestChoose(t *testing.T) {
	usual := []Wish{{Height: 240}, {Height: 720}, {Height: 480}}
	cases := []struct {
		name    string
		source  media.Track
		wishes  []Wish
		without bool
		want    string
	}{
		{"full HD", video(1920, 1080, 30), usual, false, "720p 1280x720@30 480p 854x480@30 240p 426x240@30"},
		{"the source's height is not made again", video(1280, 720, 30), usual, false, "480p 854x480@30 240p 426x240@30"},
		{"unless the source is hidden", video(1280, 720, 30), usual, true, "720p 1280x720@30 480p 854x480@30 240p 426x240@30"},
		{"never larger", video(640, 360, 25), usual, false, "240p 426x240@25"},
		{"smaller than all", video(320, 180, 25), usual, false, ""},
		{"smaller than all and hidden", video(320, 180, 25), usual, true, "180p 320x180@25"},
		{"hidden without wishes", video(641, 361, 25), nil, true, "360p 640x360@25"},
		{"upright", video(1080, 1920, 30), usual, false, "720p 720x1280@30 480p 480x854@30 240p 240x426@30"},
		{"60 is halved below 480", video(1920, 1080, 60), usual, false, "720p 1280x720@60 480p 854x480@60 240p 426x240@30"},
		{"50", video(1280, 720, 50), usual, false, "480p 854x480@50 240p 426x240@25"},
		{"120", video(1280, 720, 120), usual, false, "480p 854x480@120 240p 426x240@30"},
		{"NTSC", video(1280, 720, 60000.0/1001), usual, false, "480p 854x480@59.94 240p 426x240@29.97"},
		{"a rate of one's own", video(1280, 720, 60), []Wish{{Height: 480, FPS: 25}, {Height: 240, FPS: 60}}, false, "480p 854x480@20 240p 426x240@60"},
		{"unknown rate", video(1280, 720, 0), usual, false, "480p 854x480@0 240p 426x240@0"},
		{"wide", video(2560, 1080, 30), usual, false, "720p 1706x720@30 480p 1138x480@30 240p 568x240@30"},
		{"twice the same", video(1280, 720, 30), []Wish{{Height: 240}, {Height: 240}, {Name: "tiny", Height: 240}}, false, "240p 426x240@30 tiny 426x240@30"},
		{"absurd wishes", video(1280, 720, 30), []Wish{{Height: -1}, {Height: 0}, {Height: 1}, {Height: 1 << 40}}, false, ""},
		{"a codec that ffmpeg can't be given", media.Track{Kind: media.Video, Codec: media.HEVC, Config: []byte{1}, Width: 1280, Height: 720}, usual, true, ""},
		{"no picture", media.Track{Kind: media.Audio}, usual, true, ""},
		{"unknown size", video(0, 0, 30), usual, true, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, r := range Choose(c.source, Settings{Wishes: c.wishes, WithoutSource: c.without}) {
				got = append(got, fmt.Sprintf("%s %dx%d@%.4g", r.Name, r.Width, r.Height, r.FPS))
				require.Greater(t, r.MaxBitrate, r.Bitrate)
				require.Regexp(t, `^avc1\.6400[0-9a-f]{2}$`, r.Codecs)
			}
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}

func TestDefaultBitrates(t *testing.T) {
	rungs := Choose(video(3840, 2160, 30), Settings{Wishes: []Wish{{Height: 1080}, {Height: 720}, {Height: 480}, {Height: 360}, {Height: 240}, {Height: 144}}})
	var got []string
	for _, r := range rungs {
		got = append(got, fmt.Sprintf("%s %d %s", r.Name, r.Bitrate/1000, r.Codecs[9:]))
	}
	require.Equal(t, []string{"1080p 5360 28", "720p 2800 1f", "480p 1460 1f", "360p 920 1e", "240p 480 15", "144p 210 0c"}, got)
	r := Choose(video(3840, 2160, 60), Settings{Wishes: []Wish{{Height: 720}, {Height: 480, Bitrate: 1_000_000}}})
	require.Equal(t, 3_920_000, r[0].Bitrate)
	require.Equal(t, 1_000_000, r[1].Bitrate)
}

func TestArguments(t *testing.T) {
	p := plan{preset: "veryfast", fps: 60, threads: 2, rungs: Choose(video(1280, 720, 60), Settings{Wishes: []Wish{{Height: 480}, {Height: 240}}})}
	args := strings.Join(p.arguments(), " ")
	require.Contains(t, args, `-filter_complex [0:v]split=2[s0][s1];[s0]scale=w=854:h=480,format=yuv420p[o0];`+
		`[s1]select=isnan(prev_selected_t)+key+gte(t-prev_selected_t\,0.0250),scale=w=426:h=240,format=yuv420p[o1] `)
	require.Contains(t, args, "-level:v 31 ")
	require.Contains(t, args, "-g 60 ")
	require.Contains(t, args, "-g 30 ")
	require.Contains(t, args, "threads=2:fps=60000/1000 ")
	require.True(t, strings.HasSuffix(args, "-f flv pipe:4"))
	p.skip = 1234 * time.Millisecond
	require.Contains(t, p.filters(), `[0:v]select=gte(t\,1.2335),split`)
	p.rungs[0].Codecs = "avc1.4d401f"
	require.NotContains(t, strings.Join(p.output(0, p.rungs[0]), " "), "-level")
}

func TestArgumentsOfCoders(t *testing.T) {
	rungs := Choose(video(1280, 720, 30), Settings{Wishes: []Wish{{Height: 480}}})
	for coder, wants := range map[Coder][]string{
		X264:         {"format=yuv420p[o0]", "-c:v libx264 ", "-tune zerolatency", "-x264-params sliced-threads=0", "-level:v"},
		VAAPI:        {"-vaapi_device /dev/dri/renderD128 -copyts", "format=nv12,hwupload[o0]", "-c:v h264_vaapi ", "-bf 0"},
		NVENC:        {"format=nv12[o0]", "-c:v h264_nvenc ", "-zerolatency 1", "-forced-idr 1", "-bf 0"},
		QSV:          {"format=nv12[o0]", "-c:v h264_qsv ", "-async_depth 1", "-forced_idr 1", "-bf 0"},
		VideoToolbox: {"format=yuv420p[o0]", "-c:v h264_videotoolbox ", "-realtime 1", "-bf 0"},
	} {
		p := plan{coder: coder, preset: "veryfast", fps: 30, threads: 1, rungs: rungs}
		args := strings.Join(p.arguments(), " ")
		for _, want := range append(wants, "-force_key_frames source -g 30 ", "-fps_mode passthrough") {
			require.Contains(t, args, want, "%s", coder)
		}
		if coder != X264 {
			require.NotContains(t, args, "x264", "%s", coder)
		}
	}
}

func TestResolve(t *testing.T) {
	path, err := Find()
	require.NoError(t, err)
	for _, wish := range []Coder{"", X264} {
		coder, err := Resolve(t.Context(), path, wish)
		require.NoError(t, err)
		require.Equal(t, X264, coder)
	}
	require.NoError(t, try(t.Context(), path, X264), "the trial itself works")
	coder, err := Resolve(t.Context(), path, Auto)
	require.NoError(t, err)
	require.NoError(t, try(t.Context(), path, coder))
	_, err = Resolve(t.Context(), path, "cinepak")
	require.ErrorContains(t, err, "no coder")
	_, err = Resolve(t.Context(), path, VideoToolbox)
	if runtime.GOOS != "darwin" {
		require.ErrorContains(t, err, "h264_videotoolbox")
		require.ErrorContains(t, err, "built without")
	}
}

func TestTooSlowTwiceGivesUpTheLargestRung(t *testing.T) {
	rungs := Choose(video(1280, 720, 30), Settings{Wishes: []Wish{{Height: 480}, {Height: 360}, {Height: 240}}})
	s := newSupervisor(Config{}.withDefaults(), rungs, video(1280, 720, 30), nil)
	now := time.Unix(1000, 0)
	names := func() string {
		var all []string
		for _, r := range s.active() {
			all = append(all, r.Name)
		}
		return strings.Join(all, " ")
	}
	s.lighten(ErrBehind, now)
	s.lighten(ErrStalled, now.Add(time.Second))
	s.lighten(ErrBehind, now.Add(2*lateAgain))
	require.Equal(t, "480p 360p 240p", names(), "once is no proof")
	s.lighten(fmt.Errorf("x: %w", ErrBehind), now.Add(2*lateAgain+time.Second))
	require.Equal(t, "360p 240p", names())
	for i := range 6 {
		s.lighten(ErrBehind, now.Add(3*lateAgain+time.Duration(i)*time.Second))
	}
	require.Equal(t, "240p", names(), "the last one stays")
	s.restore(now.Add(shedFor))
	require.Equal(t, "240p", names())
	s.restore(now.Add(2 * shedFor))
	require.Equal(t, "360p 240p", names(), "one at a time")
	s.restore(now.Add(2*shedFor + time.Second))
	require.Equal(t, "360p 240p", names())
}

func TestThreads(t *testing.T) {
	wishes := Settings{Wishes: []Wish{{Height: 720}, {Height: 480}, {Height: 240}}}
	small, large := video(1280, 720, 30), video(1920, 1080, 60)
	require.Equal(t, 1, threads(1280, 720, 30, Choose(small, wishes), 2))
	require.Equal(t, 2, threads(1920, 1080, 60, Choose(large, wishes), 2))
	require.Equal(t, 1, threads(1920, 1080, 60, Choose(large, wishes), 1))
}

func TestFind(t *testing.T) {
	path, err := Find()
	require.NoError(t, err)
	require.NotEmpty(t, path)
	t.Setenv("PATH", t.TempDir())
	_, err = Find()
	require.ErrorIs(t, err, ErrMissing)
	require.ErrorContains(t, err, "install ffmpeg")
}
