package nat64_test

import (
	"net/netip"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate/wire"
)

var protos = map[string]uint8{"tcp": wire.ProtoTCP, "udp": wire.ProtoUDP, "icmp": wire.ProtoICMP}

// TestSequences runs each sequence of vectors through a translator with a Table,
// and looks at its state behind each step.
func TestSequences(t *testing.T) {
	all := pkttest.Sequences()
	if len(all) < 23 {
		t.Errorf("%d sequences, there were 23", len(all))
	}
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			w := newWorld(t, sequenceOptions(&s.Config))
			for _, step := range s.Steps {
				w.at(step.At)
				if step.In != nil {
					w.send(step.In)
				}
				if err := step.Judge(w.sent); err != nil {
					t.Errorf("at %v: %v: %v", step.At, w.last, err)
				}
				w.checkStep(&step)
			}
		})
	}
}

// sequenceOptions returns the Options of a sequence.
func sequenceOptions(c *pkttest.Config) nat64.Options {
	o := options()
	o.Pools = nil
	for _, p := range c.Pool {
		o.Pools = append(o.Pools, ports.Range{
			Prefix: netip.PrefixFrom(p.Addr, 32), First: p.First, Last: p.Last,
			TCP: p.Proto == "tcp", UDP: p.Proto == "udp", ICMP: p.Proto == "icmp",
		})
	}
	for _, b := range c.BIB {
		o.Static = append(o.Static, nat64.Static{Proto: protos[b.Proto], V6: b.V6, V4: b.V4})
	}
	o.AddressDependent = c.Filtering == "address-dependent"
	o.IncomingTCP = !c.DropExternallyInitiatedTCP
	o.PortHold = c.PortReuseHold
	o.Timeouts = nat64.Timeouts{
		UDP: c.UDP, Established: c.TCPEst, Opening: c.TCPTrans, Closing: c.TCPTrans, IncomingSYN: c.TCPIncomingSYN, ICMP: c.ICMP,
	}
	o.Limits.SYNs = c.MaxStoredSYNs
	return o
}

// checkStep compares the state of the Table with what a step demands.
func (w *world) checkStep(step *pkttest.Step) {
	w.t.Helper()
	sessions := w.sessions()
	has := map[string]int{
		"bib": live(bindingsOf(w.table, w.now)), "sessions": len(sessions), "fragments-held": w.frags.Status().Fragments,
	}
	if len(sessions) == 1 {
		has["expires"] = int((w.now + sessions[0].Left + time.Second - 1) / time.Second)
	}
	for name, want := range step.Count {
		if got, ok := has[name]; !ok || got != want {
			w.t.Errorf("at %v: %s %d, want %d", step.At, name, got, want)
		}
	}
	if step.State == "" {
		return
	}
	if len(sessions) != 1 || sessions[0].State.String() != step.State {
		w.t.Errorf("at %v: %v, want one session in %s", step.At, sessions, step.State)
	}
}
