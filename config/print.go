package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// Blank stands where Print leaves out a secret.
const Blank = "(blanked)"

// Print writes the configuration as YAML that Parse reads. Secrets and forward
// addresses are blanked unless showSecrets is set.
func (c Config) Print(showSecrets bool) ([]byte, error) {
	if !showSecrets {
		c = c.blanked()
	}
	out, err := yaml.MarshalWithOptions(c, yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("print configuration: %w", err)
	}
	return out, nil
}

func (c Config) blanked() Config {
	streams := make(map[string]Stream, len(c.Streams))
	for name, stream := range c.Streams {
		if stream.Key != "" {
			stream.Key = Blank
		}
		stream.Source = withoutSecrets(stream.Source)
		if stream.SourceToken != "" {
			stream.SourceToken = Blank
		}
		if stream.SourcePassword != "" {
			stream.SourcePassword = Blank
		}
		forward := make([]string, len(stream.Forward))
		for i := range forward {
			forward[i] = Blank
		}
		stream.Forward = forward
		streams[name] = stream
	}
	c.Streams = streams
	return c
}

// withoutSecrets takes user, password and query out of an address.
func withoutSecrets(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return Blank
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// Manual returns docs/configuration.md, made from the types and defaults.
func Manual() string {
	var page strings.Builder
	page.WriteString(manualHead)
	page.WriteString("| key | default | meaning |\n| --- | --- | --- |\n")
	manualRows(&page, "", reflect.ValueOf(Default()))
	page.WriteString("\nKeys of a stream:\n\n| key | default | meaning |\n| --- | --- | --- |\n")
	manualRows(&page, "streams.NAME.", reflect.ValueOf(Stream{}))
	page.WriteString(manualTail)
	return page.String()
}

const manualHead = `# Configuration

<!-- Made from config/config.go by "go test ./config -update"; change it there. -->

` + "`liverelay run`" + ` reads ` + "`liverelay.yaml`" + ` in the folder where it is started, or the
file that ` + "`--config`" + ` names. Every key has a default, so no file is needed at all.
An unknown key is an error, which names it and the nearest known one.

` + "`liverelay validate`" + ` checks a file without starting anything; ` + "`liverelay print-config`" + `
shows what holds after file and environment (secrets blanked).

Each key can be set by the environment too: ` + "`LIVERELAY_`" + `, then the path in capitals,
levels joined by two underscores. The environment wins over the file. In a stream's
name, ` + "`_`" + ` stands for ` + "`-`" + `.

` + "```sh" + `
LIVERELAY_HTTP__ADDRESS=:9000
LIVERELAY_LADDER__RENDITIONS=480p,240p
LIVERELAY_STREAMS__DEMO__KEY=a-secret-of-at-least-12-characters
` + "```" + `

Keys marked *(later)* are accepted, so that files keep working from version to
version, and have no effect yet; the daemon warns when one is set.

`

const manualTail = `
## An example

` + "```yaml" + `
http:
  address: "127.0.0.1:8080"
  public_url: "https://example.org/tv"
  trusted_proxies: ["127.0.0.1"]
ladder:
  renditions: [480p, {height: 240, bitrate: 300kbit/s, fps: 15}]
streams:
  demo:
    key: "a-secret-of-at-least-12-characters"
    title: "The demonstration"
` + "```" + `
`

func manualRows(page *strings.Builder, prefix string, section reflect.Value) {
	for i := range section.NumField() {
		field := section.Type().Field(i)
		value, key := section.Field(i), prefix+keyOf(field)
		doc := field.Tag.Get("doc")
		if field.Tag.Get("later") != "" {
			doc = "*(later)* " + doc
		}
		if value.Kind() == reflect.Struct {
			fmt.Fprintf(page, "| **`%s`** | | %s |\n", key, doc)
			manualRows(page, key+".", value)
			continue
		}
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", key, shown(value), doc)
	}
}

func shown(value reflect.Value) string {
	if value.Kind() == reflect.Pointer || value.Kind() == reflect.Map || value.IsZero() && value.Kind() == reflect.String {
		return ""
	}
	text, err := yaml.MarshalWithOptions(value.Interface(), yaml.Flow(true))
	if err != nil {
		return ""
	}
	return "`" + strings.TrimSpace(string(text)) + "`"
}
