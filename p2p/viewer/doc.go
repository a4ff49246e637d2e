// Package viewer is a headless viewer: it joins a broadcast as a browser does, takes
// heads by the feed and parts from peers (real WebRTC) and over HTTP, and plays them
// in a simulated buffer whose stalls and latency are those of the project's
// definitions. A fleet of them is what `liverelay viewers` starts.
package viewer
