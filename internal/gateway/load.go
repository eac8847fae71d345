package gateway

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"taygo/conf"
)

// Load reads the configuration at path, its map-file and its files of routes, and
// checks what only shows when things are put together.
func Load(path string) (*conf.Config, error) {
	c, err := conf.Load(path)
	if err != nil {
		return nil, err
	}
	o := Options{Config: path, DataDir: DataDir(c)}
	if c, err = o.withMaps(c); err != nil {
		return nil, err
	}
	r, err := build(c, 1500, 1)
	if err != nil {
		return nil, err
	}
	if len(c.NAT64.Pools) > 0 {
		if err := natOptions(c, &r.mapper).Check(); err != nil {
			return nil, natError(c, err)
		}
	}
	if err := poolOptions(c).Check(); err != nil {
		return nil, err
	}
	return withRoutes(c)
}

// DataDir returns the data directory: that of the configuration, else the first
// that a service manager gives (systemd.exec(5)); "" if there is none.
func DataDir(c *conf.Config) string {
	if c.DataDir != "" {
		return c.DataDir
	}
	first, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":")
	if !filepath.IsAbs(first) {
		return ""
	}
	return first
}

// load reads the configuration file and the map-file that it names. What is wrong
// with lines of the map-file is among the warnings.
func (o *Options) load() (*conf.Config, error) {
	f, err := o.openFile(o.Config)
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	defer f.Close()
	c, err := conf.Parse(o.Config, f)
	if err != nil {
		return nil, err
	}
	return o.withMaps(c)
}

// withMaps returns c with the mappings of its map-file added.
func (o *Options) withMaps(c *conf.Config) (*conf.Config, error) {
	if c.MapFile == "" {
		return c, nil
	}
	path := c.MapFile
	if !filepath.IsAbs(path) {
		path = filepath.Join(o.DataDir, path)
	}
	f, err := o.openFile(path)
	if err != nil {
		return nil, fmt.Errorf("%v: map-file: %w: make it readable, or name another file", c.At("map-file"), err)
	}
	defer f.Close()
	maps, problems := conf.ParseMaps(path, f, c)
	both := *c
	both.Maps = slices.Concat(c.Maps, maps)
	both.Warnings = slices.Concat(c.Warnings, problems)
	return &both, nil
}

func (o *Options) openFile(path string) (*os.File, error) {
	if o.Open != nil {
		return o.Open(path)
	}
	return os.Open(path)
}
