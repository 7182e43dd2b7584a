package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// File is the flag --config: embed it beside Config in the command line's struct, and give Options to kong.
type File struct {
	Config kong.ConfigFlag `name:"config" short:"c" env:"PARLEY_CONFIG" placeholder:"FILE" help:"Settings in YAML; each key is the name of a flag. 'parley check --reference' prints them all."`
}

// Options is what kong needs to read settings from files as well.
func Options() []kong.Option {
	return []kong.Option{kong.Configuration(loadFile)}
}

// Default is the configuration in which nothing was set. The environment is not looked at.
func Default() Config {
	c, err := parse(nil, nil)
	if err != nil {
		panic(err) // the defaults are part of the program and a test parses them
	}
	return c
}

// parse fills a Config from a file (nil: none) and flags, without the environment.
func parse(file io.Reader, args []string) (Config, error) {
	var c Config
	parser, err := newParser(&c)
	if err != nil {
		return c, err
	}
	for _, f := range parser.Model.Flags {
		f.Tag.Envs, f.Envs = nil, nil
	}
	if file != nil {
		r, err := loadFile(file)
		if err != nil {
			return c, err
		}
		if err := kong.Resolvers(r).Apply(parser); err != nil {
			return c, err
		}
	}
	_, err = parser.Parse(args)
	return c, err
}

func newParser(c *Config) (*kong.Kong, error) {
	return kong.New(c, kong.Name("parley"), kong.NoDefaultHelp(), kong.Exit(func(int) {}))
}

// fileValues resolves flags from a settings file.
type fileValues map[string]any

// loadFile reads a settings file: a flat YAML mapping of flag names (with - or _ between words) to values.
func loadFile(r io.Reader) (kong.Resolver, error) {
	raw := map[string]any{}
	if err := yaml.NewDecoder(r).Decode(&raw); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	values := fileValues{}
	for key, v := range raw {
		name := strings.ReplaceAll(key, "_", "-")
		if _, twice := values[name]; twice {
			return nil, fmt.Errorf("settings file: %s is set twice", name)
		}
		text, err := flagText(v)
		if err != nil {
			return nil, fmt.Errorf("settings file: %s %w", name, err)
		}
		values[name] = text
	}
	return values, nil
}

// flagText turns a YAML value into what the flag would be given. A null counts as not set.
func flagText(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool:
		return v, nil
	case string, int, int64, uint64, float64:
		return fmt.Sprint(v), nil
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			text, err := flagText(e)
			one, ok := text.(string)
			if err != nil || !ok {
				return nil, errors.New("must be a list of texts")
			}
			parts[i] = strings.ReplaceAll(one, ",", `\,`)
		}
		return strings.Join(parts, ","), nil
	default:
		return nil, errors.New("must be a plain value or a list")
	}
}

// Validate refuses keys that are no setting, so that a slip of the pen is found at the start and not in the night.
func (f fileValues) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app.Node, func(n kong.Visitable, next kong.Next) error {
		if flag, ok := n.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	// A command with fewer flags may share the file of `serve`: every setting of Config is known everywhere.
	if p, err := newParser(new(Config)); err == nil {
		for _, flag := range p.Model.Flags {
			known[flag.Name] = true
		}
	}
	var unknown []string
	for name := range f {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return fmt.Errorf("settings file: unknown: %s; 'parley check --reference' lists what there is", strings.Join(unknown, ", "))
}

// Resolve gives way to the environment: kong would otherwise let a file beat a variable.
func (f fileValues) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		if _, set := os.LookupEnv(env); set {
			return nil, nil
		}
	}
	return f[flag.Name], nil
}

// WriteReference writes every setting with its meaning and default as a settings file in which all lines are comments:
// the manual, and a file to start from.
func WriteReference(w io.Writer) error {
	parser, err := newParser(new(Config))
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# Settings of Parley. Each is also a flag (--listen) and a variable (PARLEY_LISTEN).\n" +
		"# A flag beats a variable, a variable beats this file.\n")
	for _, f := range parser.Model.Flags {
		fmt.Fprintf(&b, "\n# %s\n# --%s, %s\n# %s:", f.Help, f.Name, strings.Join(f.Envs, ", "), f.Name)
		switch {
		case f.HasDefault:
			b.WriteString(" " + f.Default)
		case f.IsSlice():
			b.WriteString(" []")
		case f.IsBool():
			b.WriteString(" false")
		default:
			b.WriteString(` ""`)
		}
		b.WriteString("\n")
	}
	_, err = io.WriteString(w, b.String())
	return err
}
