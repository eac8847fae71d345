package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"taygo/internal/control"
)

func sessionsCommand() *cli.Command {
	return &cli.Command{
		Name:  "sessions",
		Usage: "show the sessions of stateful translation (NAT64) of a running taygo",
		Description: "Shows each session: its protocol, the transport address of the IPv6 host, that of the pool which it " +
			"is bound to, whom it talks to, its state (RFC 6146), and how long it lives without packets. " +
			"With --follow it shows what happens to bindings and sessions instead, by the names of RFC 8158, until it is stopped.",
		Flags: append(selectFlags(),
			&cli.BoolFlag{Name: "follow", Aliases: []string{"f"}, Usage: "show bindings and sessions as they come and go, until stopped"},
			&cli.StringFlag{Name: "peer", Usage: "only sessions with the IPv4 hosts of `ADDRESS` or prefix"},
		),
		Before: atMost(0),
		Action: func(c *cli.Context) error {
			q, err := query(c)
			if err != nil {
				return err
			}
			client, err := client(c)
			if err != nil {
				return err
			}
			if c.Bool("follow") {
				return follow(c, client, q)
			}
			l := newListing(c, "no sessions", "PROTO", "IPV6 HOST", "POOL", "PEER", "STATE", "LEFT")
			err = client.Sessions(c.Context, q, func(s control.Session) bool {
				return l.add(s, s.Protocol, shown(s.IPv6), shown(s.IPv4), shown(s.Peer), state(s), short(s.Left))
			})
			return l.end(err)
		},
	}
}

// selectFlags are the flags of commands that list sessions or bindings.
func selectFlags() []cli.Flag {
	return []cli.Flag{
		configFlag(), socketFlag(),
		&cli.BoolFlag{Name: "json", Usage: "print JSON, an object a line"},
		&cli.StringFlag{Name: "client", Usage: "only those of the IPv6 hosts of `ADDRESS` or prefix"},
		&cli.StringFlag{Name: "proto", Usage: "only those of `PROTOCOL`: tcp, udp or icmp"},
		&cli.StringFlag{Name: "ipv4", Usage: "only those of the pool's `ADDRESS`, or of a port of it: 192.0.2.1:4000"},
		&cli.IntFlag{Name: "limit", Usage: "show `N` at most"},
	}
}

// query returns what the flags ask for.
func query(c *cli.Context) (control.Query, error) {
	q := control.Query{Held: c.Bool("held"), Limit: c.Int("limit")}
	var err error
	set := func(flag string, parse func(string) error) {
		if s := c.String(flag); s != "" && err == nil {
			if err = parse(s); err != nil {
				err = fmt.Errorf("%s: --%s: %w", commandName(c), flag, err)
			}
		}
	}
	set("client", func(s string) (err error) { q.Client, err = control.ParseClient(s); return err })
	set("proto", func(s string) (err error) { q.Protocol, err = control.ParseProtocol(s); return err })
	set("ipv4", func(s string) (err error) { q.IPv4, err = control.ParseIPv4(s); return err })
	set("peer", func(s string) (err error) { q.Peer, err = control.ParsePeer(s); return err })
	if q.Limit < 0 && err == nil {
		err = fmt.Errorf("%s: --limit: %d: write a number from 0, which is no limit", commandName(c), q.Limit)
	}
	return q, err
}

// follow prints changes as they come.
func follow(c *cli.Context, client control.Client, q control.Query) error {
	w := c.App.Writer
	out := json.NewEncoder(w)
	var failed error
	err := client.Follow(c.Context, q, func(ch control.Change) bool {
		if c.Bool("json") {
			failed = out.Encode(ch)
		} else {
			_, failed = fmt.Fprintln(w, changeLine(ch))
		}
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	return err
}

// changeLine shows a change. Its time is UTC, as in logs.
func changeLine(ch control.Change) string {
	line := ch.Time.UTC().Format("2006-01-02T15:04:05.000Z") + "  " + ch.Event
	if ch.Protocol != "" {
		line += "  " + ch.Protocol
	}
	switch {
	case ch.Event == control.EventLost:
		line += fmt.Sprintf("  %d events are missing here", ch.Lost)
	case ch.Last != 0:
		line += fmt.Sprintf("  %v -> %v-%d", ch.IPv6.Addr(), ch.IPv4, ch.Last)
	default:
		var ends []string
		for _, a := range []netip.AddrPort{ch.IPv6, ch.IPv4, ch.Peer} {
			if a.IsValid() {
				ends = append(ends, a.String())
			}
		}
		line += "  " + strings.Join(ends, " -> ")
	}
	return strings.TrimRight(line, " ")
}

// shown returns a transport address, or a dash where there is none.
func shown(a netip.AddrPort) string {
	if !a.IsValid() {
		return "-"
	}
	return a.String()
}

// state returns the state of a session. Of a SYN that is kept there is none yet.
func state(s control.Session) string {
	if s.Stored {
		return "SYN kept"
	}
	return s.State
}

// short returns a time to the second, or to the tenth if it is near; empty if there
// is none.
func short(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// A listing prints rows in columns, or as JSON. The columns are as wide as the
// first rows need, so that a list of any length takes little memory.
type listing struct {
	w      *bufio.Writer
	json   *json.Encoder // nil: in columns
	none   string        // what to say if there are no rows
	rows   [][]string    // the first ones, until the widths are known; the heading is first
	widths []int         // nil: they are not known
	failed error
}

// firstRows is how many rows the widths of columns follow from.
const firstRows = 500

func newListing(c *cli.Context, none string, heading ...string) *listing {
	l := &listing{w: bufio.NewWriterSize(c.App.Writer, 64<<10), none: none, rows: [][]string{heading}}
	if c.Bool("json") {
		l.json = json.NewEncoder(l.w)
	}
	return l
}

// add prints a row, and reports whether it could.
func (l *listing) add(item any, row ...string) bool {
	switch {
	case l.failed != nil:
	case l.json != nil:
		l.failed = l.json.Encode(item)
	case l.widths != nil:
		l.print(row)
	default:
		if l.rows = append(l.rows, row); len(l.rows) > firstRows {
			l.printFirst()
		}
	}
	return l.failed == nil
}

// printFirst prints the rows that have been kept.
func (l *listing) printFirst() {
	l.widths = make([]int, len(l.rows[0]))
	for _, row := range l.rows {
		for i, cell := range row {
			l.widths[i] = max(l.widths[i], len(cell))
		}
	}
	for _, row := range l.rows {
		l.print(row)
	}
	l.rows = nil
}

func (l *listing) print(row []string) {
	for len(row) > 1 && row[len(row)-1] == "" {
		row = row[:len(row)-1]
	}
	last := len(row) - 1
	for i, cell := range row[:last] {
		fmt.Fprintf(l.w, "%-*s  ", l.widths[i], cell)
	}
	_, l.failed = fmt.Fprintln(l.w, row[last])
}

// end prints what is left and returns the first error: that of the list, or that
// of printing.
func (l *listing) end(err error) error {
	if l.json == nil && l.widths == nil {
		if len(l.rows) > 1 {
			l.printFirst()
		} else if err == nil {
			_, l.failed = io.WriteString(l.w, l.none+"\n")
		}
	}
	if failed := l.w.Flush(); l.failed == nil {
		l.failed = failed
	}
	if err == nil && l.failed != nil {
		err = fmt.Errorf("cannot print: %w", l.failed)
	}
	return err
}
