package config

import "time"

// Config is the whole configuration. The tags `doc` and `later` make the manual:
// `later` marks a key that is accepted but has no effect in this version, of
// which Warnings tells.
type Config struct {
	Log      Log               `yaml:"log" doc:"What the daemon says."`
	Data     string            `yaml:"data" doc:"Folder for everything that must outlive the daemon: keys, identities. Made when missing, readable by the daemon's user only."`
	HTTP     HTTP              `yaml:"http" doc:"The HTTP server: pages, playlists, parts, API, tracker."`
	TLS      TLS               `yaml:"tls" doc:"Certificate for HTTPS (HTTP/2) and RTMPS. Give both files or none."`
	Metrics  Listener          `yaml:"metrics" doc:"Prometheus metrics, on a listener of their own."`
	RTMP     Listener          `yaml:"rtmp" doc:"Where OBS pushes to: rtmp://HOST:1935/live and the stream key."`
	RTSP     Listener          `yaml:"rtsp" doc:"Where cameras and encoders publish over RTSP (TCP): rtsp://HOST:8554/live/KEY. Where another program has the default port, there is a warning."`
	STUN     STUN              `yaml:"stun" doc:"The STUN responder, by which viewers behind a router learn their public address."`
	Grace    Duration          `yaml:"grace" doc:"How long a broadcast waits for a publisher that dropped out or ended, and what a restart of the daemon may take; 0s ends it at once."`
	HLS      HLS               `yaml:"hls" doc:"How the stream is cut."`
	Ladder   Ladder            `yaml:"ladder" doc:"The bitrates that ffmpeg makes beside the source."`
	P2P      P2P               `yaml:"p2p" doc:"Sharing between viewers."`
	Origin   Origin            `yaml:"origin" doc:"Limits of the server itself."`
	Outbound Outbound          `yaml:"outbound" doc:"Where the daemon may be led to by what others send."`
	Tracker  Tracker           `yaml:"tracker" doc:"The tracker."`
	Streams  map[string]Stream `yaml:"streams" doc:"The streams, by name ([a-z0-9-], at most 64). With none, there is one called main, whose key is made on the first run."`
}

// Log says how much is logged and in which form.
type Log struct {
	Level  string `yaml:"level" doc:"debug, info, warn or error."`
	Format string `yaml:"format" doc:"console (for people) or json (for machines)."`
}

// HTTP configures the HTTP server.
type HTTP struct {
	Address        string   `yaml:"address" doc:"Listening address."`
	PublicURL      string   `yaml:"public_url" doc:"The address that viewers use, when it differs, as behind a reverse proxy. May have a path: https://example.org/tv."`
	TrustedProxies []string `yaml:"trusted_proxies" doc:"Addresses or networks (CIDR) of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."`
}

// TLS names the certificate's files.
type TLS struct {
	Cert string `yaml:"cert" doc:"PEM file with the certificate chain."`
	Key  string `yaml:"key" doc:"PEM file with its private key."`
}

// Listener is an address to listen at; empty means not at all.
type Listener struct {
	Address string `yaml:"address" doc:"Listening address; empty switches it off."`
}

// STUN configures the STUN responder.
type STUN struct {
	Address string `yaml:"address" doc:"Listening address (UDP); empty switches it off."`
}

// HLS configures the segmenter.
type HLS struct {
	Part    Duration `yaml:"part" doc:"Length of a part, the unit of low latency: 100ms to 1s."`
	Segment Duration `yaml:"segment" doc:"Length that segments aim at; they are cut at keyframes: 1s to 10s."`
	Window  Duration `yaml:"window" doc:"How much of the stream the playlists hold: at least three segments, at most 10m."`
}

// Ladder configures the encodings beside the source.
type Ladder struct {
	Renditions []Rung `yaml:"renditions" doc:"Names like 720p, or {height, bitrate, fps}. Never larger than the source. An empty list means the source alone."`
	Source     string `yaml:"source" doc:"auto: the source is one of the renditions; never: viewers get the ladder only; where there is no ffmpeg, the source all the same."`
	AudioOnly  bool   `yaml:"audio_only" doc:"Offer a rendition without picture."`
	Encoder    string `yaml:"encoder" doc:"x264, or the machine's own: vaapi, nvenc, qsv, videotoolbox; auto takes the first of these that works, else x264. What does not work is an error at the start."`
}

// P2P configures sharing between viewers.
type P2P struct {
	Mode        string  `yaml:"mode" doc:"auto: viewers share; none: nobody does. (ask and relays are accepted and, in this version, act like none.)"`
	MinAudience int     `yaml:"min_audience" doc:"Viewers that must be there before any are connected."`
	MaxUpload   Bitrate `yaml:"max_upload" doc:"What a viewer uploads at most: unlimited, or like 5Mbit/s."`
}

// Origin limits the server.
type Origin struct {
	MaxEgress Bitrate `yaml:"max_egress" doc:"What the server sends to viewers at most, all together: unlimited, or like 100Mbit/s. What is beyond is refused, newcomers first; those who share suffer last."`
}

// Outbound limits where the daemon connects to.
type Outbound struct {
	AllowHosts []string `yaml:"allow_hosts" doc:"Private hosts that a redirect, playlist or hook may lead to: a name, an address, HOST:PORT, or a network like 10.0.0.0/8. An address that stands in this file is its own permission."`
}

// Tracker configures the tracker.
type Tracker struct {
	Open    bool `yaml:"open" doc:"Serve any WebTorrent swarm, as a public tracker does." later:"true"`
	Picture bool `yaml:"picture" doc:"Show who feeds whom, without addresses, at /live/NAME/swarm, to everybody who knows the address."`
}

// Stream is one named channel.
type Stream struct {
	Key              string   `yaml:"key" doc:"The stream key, which the streamer types into OBS: at least 12 characters, unique. Secret." secret:"true"`
	Title            string   `yaml:"title" doc:"Shown on the watch page. Without one, an attached PeerTube or Owncast stream has theirs."`
	Description      string   `yaml:"description" doc:"Shown on the watch page."`
	Listed           *bool    `yaml:"listed,omitempty" doc:"Whether the front page names the stream while it is live (default true)."`
	Source           string   `yaml:"source" doc:"Instead of a key: the address of a stream to attach to, as attach takes it. May hold a password or a token." secret:"true"`
	SourceToken      string   `yaml:"source_token" doc:"OAuth token for a private source, as PeerTube wants it. Secret." secret:"true"`
	SourceRenditions []string `yaml:"source_renditions" doc:"Names of the renditions of an HLS source that are wanted, as doctor shows them; all by default."`
	SourceInstance   string   `yaml:"source_instance" doc:"Address of the PeerTube server, where source is the UUID of a video alone."`
	SourcePassword   string   `yaml:"source_password" doc:"Password of a source, as PeerTube wants it. Secret." secret:"true"`
	Record           bool     `yaml:"record" doc:"Keep recordings." later:"true"`
	Forward          []string `yaml:"forward" doc:"RTMP and RTMPS addresses, with their keys, to send each broadcast on to: rtmp://HOST/APPLICATION/KEY. Secret. Not for a stream whose source is HLS." secret:"true"`
	P2P              *P2P     `yaml:"p2p,omitempty" doc:"Instead of the general p2p section, for this stream."`
	Ladder           *Ladder  `yaml:"ladder,omitempty" doc:"Instead of the general ladder section, for this stream."`
}

// IsListed tells whether the front page may name the stream.
func (s Stream) IsListed() bool { return s.Listed == nil || *s.Listed }

// Default returns the configuration that holds without file or environment.
func Default() Config {
	return Config{
		Log:     Log{Level: "info", Format: "console"},
		Data:    "./data",
		HTTP:    HTTP{Address: ":8080", TrustedProxies: []string{}},
		Metrics: Listener{Address: "127.0.0.1:9464"},
		RTMP:    Listener{Address: ":1935"},
		RTSP:    Listener{Address: ":8554"},
		STUN:    STUN{Address: ":3478"},
		Grace:   Duration(30 * time.Second),
		HLS: HLS{
			Part:    Duration(250 * time.Millisecond),
			Segment: Duration(2 * time.Second),
			Window:  Duration(40 * time.Second),
		},
		Ladder: Ladder{
			Renditions: []Rung{{Name: "720p", Height: 720}, {Name: "480p", Height: 480}, {Name: "240p", Height: 240}},
			Source:     "auto",
			AudioOnly:  true,
			Encoder:    "x264",
		},
		P2P:      P2P{Mode: "auto", MinAudience: 2},
		Outbound: Outbound{AllowHosts: []string{}},
		Streams:  map[string]Stream{},
	}
}

// P2POf returns the p2p section that holds for the stream.
func (c Config) P2POf(stream string) P2P {
	if s := c.Streams[stream]; s.P2P != nil {
		return *s.P2P
	}
	return c.P2P
}

// LadderOf returns the ladder section that holds for the stream.
func (c Config) LadderOf(stream string) Ladder {
	if s := c.Streams[stream]; s.Ladder != nil {
		return *s.Ladder
	}
	return c.Ladder
}
