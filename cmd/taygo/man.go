package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"
)

//go:generate go run . man ../../packaging/man

// manCommand writes the man pages, for packages.
func manCommand() *cli.Command {
	return &cli.Command{
		Name:      "man",
		Usage:     "write the man pages taygo(8) and taygo.conf(5) into a directory",
		ArgsUsage: "DIRECTORY",
		Hidden:    true,
		Before:    atMost(1),
		Action: func(c *cli.Context) error {
			dir := c.Args().First()
			if dir == "" {
				return fmt.Errorf("man: which directory? taygo man DIRECTORY")
			}
			program, err := programPage(c.App)
			if err != nil {
				return fmt.Errorf("man: %w", err)
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return fmt.Errorf("man: %w", err)
			}
			for name, text := range map[string]string{"taygo.8": program, "taygo.conf.5": configPage()} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					return fmt.Errorf("man: %w", err)
				}
			}
			return nil
		},
	}
}
