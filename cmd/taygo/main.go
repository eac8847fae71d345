// Command taygo translates between IPv4 and IPv6 over a TUN device (RFC 7915),
// as a tayga.conf says.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"
)

// version is set by the linker.
var version = "unknown"

func main() {
	if isTayga(os.Args) {
		os.Exit(asTayga(os.Args))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := app().RunContext(ctx, os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "taygo:", err)
		os.Exit(1)
	}
}

func app() *cli.App {
	return &cli.App{
		Name:                 "taygo",
		Usage:                "translate between IPv4 and IPv6 (SIIT, RFC 7915; NAT64, RFC 6146) over a TUN device",
		Version:              version,
		EnableBashCompletion: true,
		Suggest:              true,
		Commands: []*cli.Command{
			runCommand(), checkCommand(), explainCommand(), statusCommand(), metricsCommand(), reloadCommand(), sessionsCommand(), bibCommand(),
			routesCommand(),
			makeCommand(), removeCommand(), demoCommand(), labCommand(), versionCommand(), completionCommand(), manCommand(),
		},
		CommandNotFound: func(_ *cli.Context, name string) {
			fmt.Fprintf(os.Stderr, "taygo: there is no command %q: see taygo --help\n", name)
			os.Exit(1)
		},
		ExitErrHandler: func(*cli.Context, error) {}, // main prints it
	}
}

// defaultConfig is where tayga.conf is looked for.
const defaultConfig = "/etc/tayga.conf"

func configFlag() *cli.StringFlag {
	return &cli.StringFlag{
		Name: "config", Aliases: []string{"c"}, Value: defaultConfig,
		Usage: "read the configuration from `FILE`", TakesFile: true,
	}
}

// atMost refuses more arguments than n, lest a file named without -c be ignored.
func atMost(n int) cli.BeforeFunc {
	return func(c *cli.Context) error {
		if c.Args().Len() <= n {
			return nil
		}
		return fmt.Errorf("%s: %q is an argument too many: see taygo %[1]s --help", commandName(c), c.Args().Get(n))
	}
}

// commandName returns the words that the command is called by, behind taygo.
func commandName(c *cli.Context) string {
	_, words, _ := strings.Cut(c.Command.HelpName, " ")
	return words
}

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:   "version",
		Usage:  "print the version",
		Before: atMost(0),
		Action: func(c *cli.Context) error {
			fmt.Fprintln(c.App.Writer, "taygo", version)
			return nil
		},
	}
}
