// Package config is the typed configuration of the daemon: defaults, the YAML
// file, the environment, and validation. It knows nothing of the other rooms.
//
// Load is the way in. Every key has a default; an unknown key is an error that
// names it, where it stands, and the nearest known one. docs/configuration.md is
// made from the struct tags of Config.
package config
