package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"taygo/internal/control"
	"taygo/internal/routemap"
)

func routesShowCommand() *cli.Command {
	return &cli.Command{
		Name:      "show",
		Usage:     "show the mapped routes inside a prefix",
		ArgsUsage: "PREFIX",
		Description: "PREFIX is of IPv4, or of the IPv6 addresses that it is mapped to. Shows of each route inside it the IPv4 prefix, the " +
			"IPv6 prefix, where it leads, and what else there is to know. All routes are those inside 0.0.0.0/0.",
		Flags:  routesFlags(&cli.IntFlag{Name: "limit", Usage: "show `N` at most"}),
		Before: exactly(1, "198.51.100.0/24"),
		Action: func(c *cli.Context) error {
			p, err := control.ParseRoutePrefix(c.Args().First())
			if err != nil {
				return fmt.Errorf("routes show: %w", err)
			}
			if c.Int("limit") < 0 {
				return fmt.Errorf("routes show: --limit: %d: write a number from 0, which is no limit", c.Int("limit"))
			}
			client, err := routesClient(c)
			if err != nil {
				return err
			}
			l := newListing(c, fmt.Sprintf("no route inside %v is mapped: taygo routes lookup tells which one covers an address", p), "IPV4", "IPV6", "TO", "NOTES")
			err = client.ShowRoutes(c.Context, p, c.Int("limit"), func(r routemap.RouteInfo) bool {
				return l.add(r, r.Prefix.String(), r.Mapped.String(), leadsTo(r), notesOf(r))
			})
			return l.end(err)
		},
	}
}

// leadsTo shows where a route leads.
func leadsTo(r routemap.RouteInfo) string {
	if len(r.Legs) == 0 {
		return r.Kind
	}
	all := make([]string, len(r.Legs))
	for i, l := range r.Legs {
		all[i] = legText(l, len(r.Legs) > 1)
	}
	return strings.Join(all, ", ")
}

func legText(l routemap.LegInfo, weighted bool) string {
	text := l.Via.String()
	if l.Device != "" {
		text += " dev " + l.Device
	}
	if l.Onlink {
		text += " onlink"
	}
	if weighted {
		text += fmt.Sprintf(" weight %d", max(l.Weight, 1))
	}
	return text
}

// notesOf says what is special about a route.
func notesOf(r routemap.RouteInfo) string {
	var all []string
	if r.Aggregate != "" {
		all = append(all, "in "+r.Aggregate)
	}
	if r.Foreign {
		all = append(all, "a route of somebody else is in its place")
	}
	if r.Others > 0 {
		all = append(all, fmt.Sprintf("%d more do not count", r.Others))
	}
	return strings.Join(all, "; ")
}

func routesLookupCommand() *cli.Command {
	return &cli.Command{
		Name:      "lookup",
		Usage:     "tell what becomes of packets to an IPv4 address",
		ArgsUsage: "IPV4",
		Description: "Shows the IPv4 route that covers the address, the IPv6 route that it is mapped to, the route of the kernel's table that " +
			"carries the packets, its next hops, and what becomes of them. The IPv6 address that stands for one will do too.",
		Flags:  routesFlags(),
		Before: exactly(1, "198.51.100.1"),
		Action: func(c *cli.Context) error {
			a, err := control.ParseDestination(c.Args().First())
			if err != nil {
				return fmt.Errorf("routes lookup: %w", err)
			}
			client, err := routesClient(c)
			if err != nil {
				return err
			}
			l, err := client.LookupRoute(c.Context, a)
			if err != nil {
				return err
			}
			return printed(c, l, printLookup)
		},
	}
}

func printLookup(w io.Writer, l control.Lookup) {
	fmt.Fprintf(w, "address\t%v\n", l.Address)
	if r := l.Route; r != nil {
		others := ""
		if r.Others > 0 {
			others = fmt.Sprintf("; %d more of that prefix do not count", r.Others)
		}
		fmt.Fprintf(w, "IPv4 route\t%v, of %s%s\n", r.Prefix, r.Source, others)
		fmt.Fprintf(w, "mapped to\t%v\n", r.Mapped)
		switch {
		case !l.Carrier.IsValid():
			fmt.Fprintf(w, "carried by\tnothing\n")
		case l.Carrier == r.Mapped:
			fmt.Fprintf(w, "carried by\t%v metric %d\n", l.Carrier, r.Metric)
		default:
			fmt.Fprintf(w, "carried by\t%v metric %d, an aggregate\n", l.Carrier, r.Metric)
		}
		object := ""
		if r.NextHopID != 0 {
			object = fmt.Sprintf(" (nexthop object %d)", r.NextHopID)
		}
		for _, leg := range r.Legs {
			fmt.Fprintf(w, "next hop\t%s%s\n", legText(leg, len(r.Legs) > 1), object)
		}
	}
	fmt.Fprintf(w, "verdict\t%s\n", verdictText(l.Verdict))
}

// verdictText says what becomes of packets, and what to do about it.
func verdictText(f control.Fate) string {
	switch f {
	case control.FateForwarded:
		return "forwarded"
	case control.FateBlackhole:
		return "dropped, by a blackhole route"
	case control.FateUnreachable:
		return "answered as unreachable, by an unreachable route"
	case control.FateProhibit:
		return "answered as prohibited, by a prohibit route"
	case control.FateForeign:
		return "left to a route of somebody else that has the place of ours: remove that one, or set another route-table or route-metric"
	case control.FateFlushed:
		return "no route: all were flushed; taygo routes resync maps them again"
	case control.FateUnrouted:
		return "no route: the sources have none that is mapped; taygo routes rejected tells what is not"
	}
	return string(f)
}

func routesNextHopsCommand() *cli.Command {
	return &cli.Command{
		Name:        "nexthops",
		Usage:       "show the next hops of mapped routes",
		Description: "Shows the number of each nexthop object of ours, whether it is up, how many routes of the kernel lead to it, and where it leads.",
		Flags:       routesFlags(),
		Before:      exactly(0, ""),
		Action: asking(func(c *cli.Context, client control.Client) error {
			l := newListing(c, "no next hops", "ID", "STATE", "ROUTES", "TO")
			err := client.NextHops(c.Context, func(h routemap.NextHopInfo) bool {
				state, id, to := "up", strconv.Itoa(int(h.ID)), h.To
				if !h.Up {
					state, to = "down", to+": "+h.Why
				}
				if h.ID == 0 {
					id = "-"
				}
				return l.add(h, id, state, strconv.Itoa(h.Routes), to)
			})
			return l.end(err)
		}),
	}
}

func routesRejectedCommand() *cli.Command {
	return &cli.Command{
		Name:  "rejected",
		Usage: "show which routes are not mapped, and why",
		Description: "Shows the next hops that routes are not mapped for since the last resync, with how many routes that are and the last one " +
			"of them; and how many routes are not mapped for each reason.",
		Flags:  routesFlags(),
		Before: exactly(0, ""),
		Action: asking(func(c *cli.Context, client control.Client) error {
			r, err := client.RejectedRoutes(c.Context)
			if err != nil {
				return err
			}
			return printed(c, r, printRejections)
		}),
	}
}

// remedies tell what to do about routes that are not mapped. Reasons that need no
// deed are missing.
var remedies = map[string]string{
	"unknown-gateway": "add route-nexthop V4 V6 or route-nexthop default",
	"no-gateway":      "their destinations are on the link: give them a gateway, or leave them out by route-filter",
	"ipv6-refused":    "set route-nexthop-ipv6 accept",
	"no-leg":          "see taygo routes nexthops",
	"non-global":      "set wkpf-strict no, or another route-prefix",
	"too-many-routes": "raise route-max, if that many are meant",
}

func printRejections(w io.Writer, r control.Rejections) {
	if len(r.NextHops) > 0 {
		fmt.Fprintf(w, "NEXT HOP\tREASON\tROUTES\tTHE LAST ONE\n")
	}
	for _, h := range r.NextHops {
		via := h.Via
		if via == "" {
			via = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%v\n", via, h.Reason, h.Routes, h.Last)
	}
	if r.Missed > 0 {
		fmt.Fprintf(w, "others\t\t%d\n", r.Missed)
	}
	none := true
	for _, why := range slices.Sorted(maps.Keys(r.Routes)) {
		routes, legs := r.Routes[why], r.Legs[why]
		if routes+legs == 0 {
			continue
		}
		if none && len(r.NextHops) > 0 {
			fmt.Fprintln(w)
		}
		none = false
		text := fmt.Sprintf("%d routes", routes)
		if legs > 0 {
			text += fmt.Sprintf(", and next hops of %d others", legs)
		}
		if remedy := remedies[why]; remedy != "" {
			text += ": " + remedy
		}
		fmt.Fprintf(w, "%s\t%s\n", why, text)
	}
	if none && len(r.NextHops) == 0 {
		fmt.Fprintln(w, "no routes are rejected")
	}
}
