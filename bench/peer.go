package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Peer is something that carries packets between two hosts, to be measured.
type Peer struct {
	Name string
	Path string // of its program; "" for the kernel
	kind kind
}

// A kind is how a peer is started, and what it does to packets.
type kind uint8

const (
	likeTayga kind = iota // translates, and is started as Tayga is
	likeTaygo             // translates, and is started as taygo is
	stateful              // the same, with sessions (RFC 6146)
	steered               // as taygo, but the CPU of the hosts forwards what it writes
	null                  // carries IPv6 through a TUN device, untouched
	plain                 // the kernel forwards IPv6
)

// translates reports whether one side of the peer is IPv4.
func (k kind) translates() bool { return k != null && k != plain }

// Names of the peers that need no path.
const (
	nameTaygo = "taygo"
	nameNull  = "null"
	nameRoute = "route"
	nameTayga = "tayga"
	nameNAT64 = "nat64"
	nameRPS   = "rps"
)

// DebianTayga is where the package of Debian puts Tayga.
const DebianTayga = "/usr/sbin/tayga"

// DefaultPeers returns taygo as make build leaves it, the same with rps-cpus, and
// with sessions, the null translator, plain IPv6 routing, and the Tayga at that path if there is one,
// as a list for Peers. The first is what the others are compared with.
func DefaultPeers(tayga string) (list string, complete bool) {
	list = "taygo=bin/taygo,rps=bin/taygo,nat64=bin/taygo,null,route"
	if _, err := os.Stat(tayga); err != nil {
		return list, false
	}
	return list + ",tayga=" + tayga, true
}

// Peers reads a list of peers, divided by commas: null, route, or NAME=PATH. A
// program whose name begins with taygo is started as taygo is, others as Tayga; a
// taygo under the NAME nat64 keeps sessions, one under the NAME rps has rps-cpus.
func Peers(list string) ([]Peer, error) {
	var peers []Peer
	for item := range strings.SplitSeq(list, ",") {
		name, path, _ := strings.Cut(item, "=")
		p := Peer{Name: name, Path: path}
		switch {
		case slices.ContainsFunc(peers, func(p Peer) bool { return p.Name == name }):
			return nil, fmt.Errorf("bench: peer %q: named twice: give each its own name", name)
		case name == nameNull && path == "":
			p.kind = null
			self, err := os.Executable()
			if err != nil {
				return nil, fmt.Errorf("bench: peer %q: %w", item, err)
			}
			p.Path = self
		case name == nameRoute && path == "":
			p.kind = plain
		case name == "" || path == "":
			return nil, fmt.Errorf("bench: peer %q: is none of null, route and NAME=PATH", item)
		default:
			if strings.HasPrefix(filepath.Base(path), nameTaygo) {
				p.kind = likeTaygo
				switch name {
				case nameNAT64:
					p.kind = stateful
				case nameRPS:
					p.kind = steered
				}
			}
			if _, err := os.Stat(path); err != nil {
				return nil, fmt.Errorf("bench: peer %q: %w: run make build, or name a path that is there", name, err)
			}
		}
		peers = append(peers, p)
	}
	return peers, nil
}

// arguments are those of the program; config is the path of its tayga.conf.
func (p Peer) arguments(config string) []string {
	switch p.kind {
	case likeTaygo, stateful, steered:
		return []string{"run", "-c", config}
	case null:
		return []string{NullCommand, device}
	default:
		return []string{"-d", "-c", config}
	}
}

// configuration is its tayga.conf. With sessions, the IPv6 host has the address of
// the map for its own, so that the IPv4 host can begin as well.
func (p Peer) configuration() string {
	text := fmt.Sprintf("tun-device %s\nipv4-addr %v\nipv6-addr %v\nprefix %v\n", device, own4, own6, prefix)
	switch p.kind {
	case stateful:
		return text + fmt.Sprintf("nat64-pool %v/31\nnat64-dedicated %v %v\nnat64-state-file off\ncontrol-socket off\n", sixAs4, sixAs4, sixAddr)
	case steered:
		text += fmt.Sprintf("control-socket off\nrps-cpus %d\n", loadCPU)
	case likeTaygo:
		text += "control-socket off\n"
	case likeTayga, null, plain:
	}
	return text + fmt.Sprintf("map %v %v\n", sixAs4, sixAddr)
}
