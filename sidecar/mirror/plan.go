package mirror

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/liverelay/liverelay/media"
	"github.com/liverelay/liverelay/sidecar/playlist"
)

// maxRenditions bounds what is mirrored of one source.
const maxRenditions = 12

// source is one rendition of upstream.
type source struct {
	url  *url.URL
	info media.Rendition
}

// planned lists the renditions of a multivariant playlist: its variants, the best
// first, and the sound of the best one's group. Variants that share a playlist are one.
// chosen keeps those whose names are in it; empty keeps all.
func planned(m *playlist.Multivariant, chosen []string) []source {
	variants := slices.Clone(m.Variants)
	slices.SortStableFunc(variants, func(a, b playlist.Variant) int { return b.Bandwidth - a.Bandwidth })
	var list []source
	taken, seen := map[string]bool{}, map[string]bool{}
	group, codecs := "", ""
	for _, v := range variants {
		if seen[v.URI.String()] || len(list) == maxRenditions {
			continue
		}
		seen[v.URI.String()] = true
		info := described(v)
		info.Name = unique(info.Name, taken)
		if len(chosen) > 0 && !slices.Contains(chosen, info.Name) {
			continue
		}
		if group == "" && info.Kind == media.Video {
			group, codecs = v.Audio, v.Codecs
		}
		list = append(list, source{v.URI, info})
	}
	return withSound(list, m, group, codecs)
}

// Names are those of the renditions of a multivariant playlist, the best first.
func Names(m *playlist.Multivariant) []string {
	var names []string
	for _, s := range planned(m, nil) {
		names = append(names, s.info.Name)
	}
	return names
}

// withSound adds the rendition of sound that goes with the pictures.
func withSound(list []source, m *playlist.Multivariant, group, codecs string) []source {
	var sound *playlist.Media
	for i, a := range m.Media {
		if a.Type == "AUDIO" && a.Group == group && a.URI != nil && (sound == nil || a.Default && !sound.Default) {
			sound = &m.Media[i]
		}
	}
	if sound == nil || group == "" {
		return list
	}
	list = slices.DeleteFunc(list, func(s source) bool { return s.info.Kind == media.Audio })
	for i := range list { // what is said of a variant includes its sound
		list[i].info.Codecs = only(list[i].info.Codecs, false)
	}
	const usual = 128_000
	return append(list, source{sound.URI, media.Rendition{
		Name: "audio", Kind: media.Audio, Codecs: only(codecs, true), Channels: max(1, sound.Channels),
		Bandwidth: usual, AverageBandwidth: usual,
	}})
}

func described(v playlist.Variant) media.Rendition {
	r := media.Rendition{
		Kind: media.Video, Codecs: v.Codecs, Width: v.Width, Height: v.Height, FPS: v.FrameRate,
		Bandwidth: v.Bandwidth, AverageBandwidth: v.AverageBandwidth,
	}
	if r.AverageBandwidth == 0 {
		r.AverageBandwidth = v.Bandwidth * 4 / 5
	}
	switch {
	case v.Codecs != "" && only(v.Codecs, false) == "":
		r.Kind, r.Name = media.Audio, "audio"
	case v.Height > 0:
		r.Name = strconv.Itoa(v.Height) + "p"
	default:
		r.Name = "source"
	}
	return r
}

// only keeps the codecs of sound, or those that are none.
func only(codecs string, sound bool) string {
	var kept []string
	for c := range strings.SplitSeq(codecs, ",") {
		c = strings.TrimSpace(c)
		isSound := false
		for _, name := range [...]string{"mp4a", "opus", "Opus", "ac-3", "ec-3", "fLaC", "flac", "mp3", "vorbis"} {
			isSound = isSound || strings.HasPrefix(c, name)
		}
		if c != "" && isSound == sound {
			kept = append(kept, c)
		}
	}
	return strings.Join(kept, ",")
}

// unique adds a letter to a name that is taken.
func unique(name string, taken map[string]bool) string {
	free := name
	for letter := 'b'; taken[free] && letter <= 'z'; letter++ {
		free = name + string(letter)
	}
	taken[free] = true
	return free
}

// sniffed tells the container of media, by its init segment and its first bytes.
func sniffed(init, data []byte) media.Container {
	const sync = 0x47 // of each packet of a transport stream
	switch {
	case len(init) > 0 || len(data) > 8 && slices.Contains([]string{"ftyp", "styp", "moof", "sidx", "emsg", "prft"}, string(data[4:8])):
		return media.ForeignMP4
	case len(data) > 188 && data[0] == sync && data[188] == sync, len(data) == 188 && data[0] == sync:
		return media.ForeignTS
	default:
		return media.ForeignAudio
	}
}
