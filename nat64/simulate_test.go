package nat64_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
)

// A simulation is hosts and servers that talk for a day of virtual time through a
// pool that is too small for them, while the rules change.
type simulation struct {
	t     *testing.T
	k     *kit
	rng   *rand.Rand
	o     nat64.Options
	owner map[string]ownership // of transport addresses of the pool, as packets showed
	conns []connection         // TCP connections that are open
	added []nat64.Static
	sent  int
}

// An ownership is who has had a transport address, and until when nobody else may.
type ownership struct {
	host  side
	until time.Duration
}

// A connection is a TCP connection in which data may flow for its lifetime.
type connection struct {
	host, server, at side
	heard            time.Duration // from either side
}

// TestDayInTheLife simulates days, one for each seed, and looks for contradictions
// all along: no transport address of two hosts, no connection lost, no count wrong,
// and nothing left behind at the end.
func TestDayInTheLife(t *testing.T) {
	seeds := 1
	if os.Getenv("TAYGO_LONG") != "" {
		seeds = 50
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			s := &simulation{t: t, rng: rand.New(rand.NewPCG(uint64(seed), 1)), owner: map[string]ownership{}}
			s.o = options(func(o *nat64.Options) {
				o.Pools = []ports.Range{
					{Prefix: netip.MustParsePrefix("192.0.2.0/31"), First: 900, Last: 1500, TCP: true, UDP: true},
					{Prefix: netip.MustParsePrefix("192.0.2.0/31"), First: 1, Last: 300, ICMP: true},
				}
				o.Limits.SourceSessions, o.Limits.SourceRate, o.Limits.SourceBurst = 900, 50, 500
				o.SoftPairing = seed%2 == 1
				o.AddressDependent = seed%3 == 2
			})
			s.k = newKit(t, newTable(t, s.o))
			s.day()
		})
	}
}

// day runs for a day, in steps of a quarter of a minute.
func (s *simulation) day() {
	for s.k.now < time.Duration(effort(24))*time.Hour && !s.t.Failed() {
		for range s.rng.IntN(60) {
			s.event()
		}
		s.k.now += time.Duration(s.rng.Int64N(int64(30 * time.Second)))
		s.k.table.Sweep(s.k.now, &counter{})
		if s.rng.IntN(40) == 0 {
			s.reconfigure()
		}
		if s.rng.IntN(10) == 0 {
			check(s.t, s.k.table)
		}
	}
	s.night()
}

// night lets all end that the day has left.
func (s *simulation) night() {
	for _, hours := range []time.Duration{0, 3, 6} {
		s.k.table.SweepAll(s.k.now+hours*time.Hour, &counter{})
	}
	check(s.t, s.k.table)
	st := s.k.table.Status(s.k.now + 6*time.Hour)
	if st.Sessions != 0 || st.Bindings != [3]int{} || st.Held != [3]int{} || st.Sources != 0 || s.k.table.Kept() != 0 || s.k.table.Notes() != 0 {
		s.t.Errorf("left behind: %+v, %d notes", st, s.k.table.Notes())
	}
	if s.sent < effort(20000) {
		s.t.Errorf("only %d packets", s.sent)
	}
}

func (s *simulation) host() side {
	h := v6(host6, uint16(1000+s.rng.IntN(100)))
	h.addr.Hi += uint64(s.rng.IntN(12))
	h.addr.Lo += uint64(s.rng.IntN(4))
	return h
}

func (s *simulation) peer() side {
	p := v4(far4, uint16(1+s.rng.IntN(9)))
	p.addr.Lo += uint64(s.rng.IntN(30))
	return p
}

// event sends a packet or two.
func (s *simulation) event() {
	s.sent++
	switch n := s.rng.IntN(20); {
	case n < 6:
		s.datagram(nat64.UDP, s.host(), s.peer(), 300*time.Second)
	case n < 8:
		s.datagram(nat64.ICMP, s.host(), pinger(s.peer()), 60*time.Second)
	case n < 11 && len(s.conns) < 200:
		s.connect()
	case n < 16 && len(s.conns) > 0:
		s.converse(s.rng.IntN(len(s.conns)))
	case n < 17 && len(s.conns) > 0:
		s.hangUp(s.rng.IntN(len(s.conns)))
	default:
		sendAnything(s.k, s.rng)
	}
}

// datagram sends one out, and an answer in.
func (s *simulation) datagram(proto int, host, peer side, life time.Duration) {
	at, v := s.k.sendOut(proto, host, peer, 0)
	if v != translate.Translated {
		return
	}
	s.own(proto, host, at, life)
	if s.rng.IntN(2) == 0 {
		return
	}
	if got, v := s.k.sendIn(proto, peer, at, 0); v != translate.Translated || got != host {
		s.t.Errorf("at %v: the answer to %v goes to %v, %v", s.k.now, host, got, v)
	}
}

// own notes whose transport address at is.
func (s *simulation) own(proto int, host, at side, life time.Duration) {
	key := fmt.Sprint(proto, at)
	if was := s.owner[key]; was.until > s.k.now && was.host != host {
		s.t.Errorf("at %v: %v is %v's, and was given to %v", s.k.now, at, was.host, host)
	}
	s.owner[key] = ownership{host, max(s.k.now+life, s.owner[key].until)}
}

// connect opens a connection.
func (s *simulation) connect() {
	c := connection{host: s.host(), server: s.peer(), heard: s.k.now}
	c.host.port += 1000 // those of sendAnything are below
	for _, other := range s.conns {
		if other.host == c.host {
			return
		}
	}
	at, v := s.k.sendOut(nat64.TCP, c.host, c.server, pkttest.SYN)
	if v != translate.Translated {
		return
	}
	c.at = at
	s.own(nat64.TCP, c.host, at, 240*time.Second)
	if got, v := s.k.sendIn(nat64.TCP, c.server, at, pkttest.SYN|pkttest.ACK); v != translate.Translated || got != c.host {
		s.t.Errorf("at %v: SYN ACK to %v goes to %v, %v", s.k.now, c.host, got, v)
	}
	s.own(nat64.TCP, c.host, at, 2*time.Hour)
	s.conns = append(s.conns, c)
}

// converse sends data, or a forged RST, in a connection that has not been idle for
// its lifetime.
func (s *simulation) converse(i int) {
	c := &s.conns[i]
	if s.k.now-c.heard >= 2*time.Hour {
		s.drop(i)
		return
	}
	c.heard = s.k.now
	if s.rng.IntN(5) == 0 {
		s.k.sendIn(nat64.TCP, c.server, c.at, pkttest.RST)
	}
	if got, v := s.k.sendOut(nat64.TCP, c.host, c.server, pkttest.ACK); v != translate.Translated || got != c.at {
		s.t.Errorf("at %v: data of %v comes from %v, was %v: %v", s.k.now, c.host, got, c.at, v)
	}
	if got, v := s.k.sendIn(nat64.TCP, c.server, c.at, pkttest.ACK); v != translate.Translated || got != c.host {
		s.t.Errorf("at %v: data to %v goes to %v: %v", s.k.now, c.host, got, v)
	}
	s.own(nat64.TCP, c.host, c.at, 2*time.Hour)
}

// hangUp closes a connection.
func (s *simulation) hangUp(i int) {
	c := s.conns[i]
	s.k.sendOut(nat64.TCP, c.host, c.server, pkttest.FIN|pkttest.ACK)
	s.k.sendIn(nat64.TCP, c.server, c.at, pkttest.FIN|pkttest.ACK)
	s.drop(i)
}

func (s *simulation) drop(i int) {
	delete(s.owner, fmt.Sprint(nat64.TCP, s.conns[i].at))
	s.conns[i] = s.conns[len(s.conns)-1]
	s.conns = s.conns[:len(s.conns)-1]
}

// reconfigure changes the pool or the static bindings. What packets showed until
// then counts no more.
func (s *simulation) reconfigure() {
	clear(s.owner)
	s.conns = s.conns[:0]
	var err error
	switch s.rng.IntN(3) {
	case 0:
		o := s.o
		o.Pools = append([]ports.Range(nil), s.o.Pools...)
		o.Pools[0].Last -= uint16(s.rng.IntN(300))
		_, err = s.k.table.Configure(o, s.k.now)
	case 1:
		port := uint16(900 + s.rng.IntN(600))
		b := static(17, fmt.Sprintf("[2001:db8:1::%x]:%d", 16+s.rng.IntN(4), port), fmt.Sprintf("192.0.2.%d:%d", s.rng.IntN(2), port), 1+s.rng.IntN(5))
		if _, err := s.k.table.AddStatic(b, s.k.now); err == nil {
			s.added = append(s.added, b)
		}
	case 2:
		if len(s.added) > 0 {
			_, err = s.k.table.RemoveStatic(s.added[0], s.k.now)
			s.added = s.added[1:]
		}
	}
	if err != nil {
		s.t.Errorf("at %v: %v", s.k.now, err)
	}
	check(s.t, s.k.table)
}
