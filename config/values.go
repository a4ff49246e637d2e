package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Duration is a time.Duration that YAML writes as "250ms" or "2s".
type Duration time.Duration

// D returns the plain duration.
func (d Duration) D() time.Duration { return time.Duration(d) }

// MarshalYAML writes the duration in its shortest form: "30s", not "30.000s".
func (d Duration) MarshalYAML() ([]byte, error) {
	text := d.D().String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	return []byte(text), nil
}

// UnmarshalYAML reads what time.ParseDuration reads; a number without a unit is
// refused, for nobody can tell what it means.
func (d *Duration) UnmarshalYAML(data []byte) error {
	text := unquote(data)
	value, err := time.ParseDuration(text)
	if err != nil || value < 0 {
		return fmt.Errorf("%q is no duration: write it with a unit, like 250ms, 2s or 1m", text)
	}
	*d = Duration(value)
	return nil
}

// Bitrate is in bit/s; 0 is unlimited.
type Bitrate int64

// String returns the rate as the file has it.
func (b Bitrate) String() string {
	switch {
	case b == 0:
		return "unlimited"
	case b%1_000_000 == 0:
		return strconv.FormatInt(int64(b)/1_000_000, 10) + "Mbit/s"
	case b%1_000 == 0:
		return strconv.FormatInt(int64(b)/1_000, 10) + "kbit/s"
	default:
		return strconv.FormatInt(int64(b), 10) + "bit/s"
	}
}

// MarshalYAML writes the rate as String does.
func (b Bitrate) MarshalYAML() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalYAML reads "unlimited" or a number with bit/s, kbit/s, Mbit/s or Gbit/s.
func (b *Bitrate) UnmarshalYAML(data []byte) error {
	rate, err := ParseBitrate(unquote(data))
	*b = rate
	return err
}

// ParseBitrate reads a rate such as "5Mbit/s", "500 kbit/s" or "unlimited".
func ParseBitrate(text string) (Bitrate, error) {
	bad := fmt.Errorf("%q is no bit rate: write unlimited, or a number with its unit, like 800kbit/s or 5Mbit/s", text)
	if text == "unlimited" {
		return 0, nil
	}
	units := []struct {
		suffix string
		factor float64
	}{{"Gbit/s", 1e9}, {"Mbit/s", 1e6}, {"kbit/s", 1e3}, {"bit/s", 1}}
	for _, unit := range units {
		number, found := strings.CutSuffix(text, unit.suffix)
		if !found {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || math.IsNaN(value) || value*unit.factor < 1 || value*unit.factor > 1e12 {
			return 0, bad
		}
		return Bitrate(math.Round(value * unit.factor)), nil
	}
	return 0, bad
}

// Rung is one wanted encoding: a name such as "720p", or exact figures.
type Rung struct {
	// Name is "720p" and the like; with exact figures it is made from the height.
	Name string `yaml:"-"`
	// Height is of the shorter side, in pixels; 0 when Name says it.
	Height int `yaml:"height"`
	// Bitrate and FPS are 0 where the ladder may choose.
	Bitrate Bitrate `yaml:"bitrate,omitempty"`
	FPS     float64 `yaml:"fps,omitempty"`
}

// rungFields is Rung without its methods, so that decoding does not recurse.
type rungFields struct {
	Height  int     `yaml:"height"`
	Bitrate Bitrate `yaml:"bitrate,omitempty"`
	FPS     float64 `yaml:"fps,omitempty"`
}

// MarshalYAML writes the name alone where there is nothing else to say.
func (r Rung) MarshalYAML() ([]byte, error) {
	if r.Bitrate == 0 && r.FPS == 0 {
		return []byte(r.Name), nil
	}
	return yaml.MarshalWithOptions(rungFields{r.Height, r.Bitrate, r.FPS}, yaml.Flow(true))
}

// UnmarshalYAML reads "720p" or {height: 720, bitrate: 3Mbit/s, fps: 30}.
func (r *Rung) UnmarshalYAML(data []byte) error {
	text := strings.TrimSpace(string(data))
	if !strings.Contains(text, ":") {
		return r.fromName(unquote(data))
	}
	var fields rungFields
	if err := yaml.UnmarshalWithOptions(data, &fields, yaml.Strict()); err != nil {
		return fmt.Errorf("rendition: %w", err)
	}
	if err := checkHeight(fields.Height); err != nil {
		return err
	}
	if fields.FPS < 0 || fields.FPS > 240 {
		return fmt.Errorf("rendition: fps %v is out of range: use 1 to 240, or leave it out", fields.FPS)
	}
	*r = Rung{Name: strconv.Itoa(fields.Height) + "p", Height: fields.Height, Bitrate: fields.Bitrate, FPS: fields.FPS}
	return nil
}

func (r *Rung) fromName(name string) error {
	digits, found := strings.CutSuffix(name, "p")
	height, err := strconv.Atoi(digits)
	if !found || err != nil {
		return fmt.Errorf("%q is no rendition: write a height like 720p, or {height: 720, bitrate: 3Mbit/s, fps: 30}", name)
	}
	if err := checkHeight(height); err != nil {
		return err
	}
	*r = Rung{Name: name, Height: height}
	return nil
}

func checkHeight(height int) error {
	if height < 64 || height > 4320 {
		return errors.New("rendition: the height must be from 64 to 4320 pixels")
	}
	return nil
}

func unquote(data []byte) string {
	text := strings.TrimSpace(string(data))
	if len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		return text[1 : len(text)-1]
	}
	return text
}
