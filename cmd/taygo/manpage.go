package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"taygo/conf"
)

// roff makes text fit for a man page: what man takes for commands is escaped.
var roff = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n.", "\n\\&.", "\n'", "\n\\&'")

// programPage returns taygo(8).
func programPage(app *cli.App) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH TAYGO 8 \"\" \"taygo\" \"System Administration\"\n")
	fmt.Fprintf(&b, ".SH NAME\ntaygo \\- %s\n", roff.Replace(app.Usage))
	b.WriteString(".SH SYNOPSIS\n.B taygo\n.I COMMAND\n[OPTION...] [ARGUMENT...]\n.br\n.B tayga\n[OPTION...]\n")
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n.PP\n%s\n.SH COMMANDS\n", roff.Replace(description), roff.Replace(asTaygaText))
	for _, c := range app.VisibleCommands() {
		if err := manOf(&b, "taygo", c); err != nil {
			return "", err
		}
	}
	b.WriteString(".SH SIGNALS\n" + roff.Replace(signalsText) + "\n.SH \"EXIT STATUS\"\n0 on success and after a signal that ends it, 1 on any error.\n")
	b.WriteString(".SH FILES\n.I /etc/tayga.conf\n.br\n.I /run/taygo/DEVICE.sock\n.SH \"SEE ALSO\"\n.BR taygo.conf (5),\n.BR ip (8)\n")
	return b.String(), nil
}

// manOf writes what a man page says of a command, called by these words, and of
// those below it.
func manOf(b *strings.Builder, words string, c *cli.Command) error {
	words += " " + c.Name
	fmt.Fprintf(b, ".SS %s %s\n%s.\n", words, roff.Replace(c.ArgsUsage), roff.Replace(sentence(c.Usage)))
	if c.Description != "" {
		fmt.Fprintf(b, ".PP\n%s\n", roff.Replace(c.Description))
	}
	for _, f := range c.VisibleFlags() {
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			return fmt.Errorf("command %s: flag %v says nothing of itself", words, f.Names())
		}
		fmt.Fprintf(b, ".TP\n\\fB%s\\fR\n%s\n", roff.Replace(flagNames(f.Names())), roff.Replace(sentence(strings.ReplaceAll(d.GetUsage(), "`", ""))))
	}
	for _, below := range c.Subcommands {
		if err := manOf(b, words, below); err != nil {
			return err
		}
	}
	return nil
}

const description = `Reads packets from a TUN device, translates them between IPv4 and IPv6 (RFC 7915), and writes them back.
Addresses are mapped by explicit mappings (RFC 7757), by a prefix (RFC 6052), or by leases of a dynamic pool, as taygo.conf(5) says.`

const asTaygaText = `Called as tayga, or with an option instead of a command, it takes Tayga's options and goes through Tayga's start: tayga --help lists them.`

const signalsText = `SIGHUP reads the configuration again; if anything in it is wrong, the running one stays. SIGTERM, SIGINT and SIGQUIT end it. SIGUSR1 and SIGUSR2 do nothing.`

// configPage returns taygo.conf(5).
func configPage() string {
	var b strings.Builder
	b.WriteString(".TH TAYGO.CONF 5 \"\" \"taygo\" \"File Formats\"\n.SH NAME\ntaygo.conf, tayga.conf \\- configuration of taygo\n.SH DESCRIPTION\n")
	b.WriteString(roff.Replace(grammar) + "\n.SH DIRECTIVES\n")
	for _, d := range conf.Directives() {
		fmt.Fprintf(&b, ".TP\n\\fB%s\\fR \\fI%s\\fR\n%s", roff.Replace(d.Name), roff.Replace(d.Args), roff.Replace(d.Help))
		if d.Default != "" {
			fmt.Fprintf(&b, " Default: %s.", roff.Replace(d.Default))
		}
		if d.RFC != "" {
			fmt.Fprintf(&b, " (%s)", roff.Replace(d.RFC))
		}
		b.WriteByte('\n')
	}
	b.WriteString(".SH \"SEE ALSO\"\n.BR taygo (8)\n")
	return b.String()
}

const grammar = `One directive a line; words are divided by spaces and tabs. A # at the start of a word begins a comment. A line has at most 10 words and 510 bytes.
Names of directives may be in either case. taygo check tells all that is wrong with a file at once.`

// sentence makes a phrase begin with a capital letter.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// flagNames writes the names of a flag as they are typed.
func flagNames(names []string) string {
	typed := make([]string, len(names))
	for i, n := range names {
		typed[i] = "--" + n
		if len(n) == 1 {
			typed[i] = "-" + n
		}
	}
	return strings.Join(typed, ", ")
}
