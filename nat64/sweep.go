package nat64

import (
	"time"

	"taygo/nat64/store"
	"taygo/translate"
)

// A Sink takes the packets that time makes. It may keep nothing of them.
type Sink interface {
	// Send sends a packet out as it is.
	Send(packet []byte)
	// Refuse tells the sender of a packet that arrived earlier what became of it
	// (translate.Translator.Refuse).
	Refuse(packet []byte, v translate.Verdict)
}

// How much of the tables one step looks at, and how long a round through all of
// them takes at the least. A round is longer when there are more records than
// sweepRate a second, so that it never takes more than a few hundredths of a core.
const (
	sweepStep  = 512
	sweepLook  = 4096
	sweepRound = time.Second
	sweepRate  = 5_000_000
	shardLook  = sweepLook / shardsOfTable // an empty shard costs as much as so many records
)

// A sweep is how far the sweeping of a Table has come.
type sweep struct {
	shard  int
	at     store.Cursor
	looked int    // at how many records, in this step
	source int    // part of the source table that comes next
	probes []flow // to be sent behind the lock
	packet [probeLen]byte
	syn    []byte
}

// Sweep reclaims what is over by now, a bounded part of the tables at a time, and
// gives out what time makes: a probe to the host of each connection that has been
// idle for its lifetime (RFC 6146 §3.5.2.2), and kept SYNs that nobody answered. It
// returns when to call it again. What is over counts as gone before it is swept.
// It also makes memory ready for sessions to come, and should not wait longer than
// until Hurry says so.
func (t *Table) Sweep(now time.Duration, out Sink) time.Duration {
	t.sweeping.Lock()
	defer t.sweeping.Unlock()
	t.store.Prepare()
	c := clockOf(now)
	w := &t.sweep
	next := t.refuseSYNs(now, out)
	for looked, end := 0, false; looked < sweepLook && !end; {
		looked += t.sweepStep(c, out)
		end = w.shard == 0 && w.at == (store.Cursor{})
	}
	if wait := t.pace(); next == 0 || wait < next {
		return wait
	}
	return next
}

// Hurry has something in it when Sweep should be called at once: many sessions are
// opened, and without it packets wait for the system to give memory for them.
func (t *Table) Hurry() <-chan struct{} { return t.store.Wanted() }

// pace returns how long to wait until the next call of Sweep, by what there is to
// look at now: a table that grows makes haste at once.
func (t *Table) pace() time.Duration {
	n := t.store.Count()
	records := shardsOfTable*shardLook + int(n.Bindings+n.Sessions)
	round := max(sweepRound, time.Duration(records)*time.Second/sweepRate)
	return round / time.Duration((records+sweepLook-1)/sweepLook)
}

// sweepStep looks at a part of a shard, and goes on to the next if it is at the end.
// It returns at how much it looked.
func (t *Table) sweepStep(c clock, out Sink) int {
	w := &t.sweep
	sh := &t.shards[w.shard]
	w.looked = shardLook
	w.probes = w.probes[:0]
	r := t.lock(sh)
	done := sh.Sweep(&w.at, sweepStep, func(_ store.Ref, b *store.Binding, s *store.Session) store.Action {
		w.looked++
		if s == nil {
			return t.sweepBinding(sh, b, c)
		}
		return t.sweepSession(sh, b, s, c)
	})
	sh.Unlock()
	for _, f := range w.probes {
		putProbe(&w.packet, f)
		out.Send(w.packet[:])
	}
	t.probes.Add(uint64(len(w.probes)))
	if done {
		t.adoptOrphans(sh)
		w.shard = (w.shard + 1) % shardsOfTable
		for range sourceShards / shardsOfTable {
			r.sources.reclaim(w.source, &r.limits, c.now)
			w.source = (w.source + 1) % sourceShards
		}
	}
	return w.looked
}

// sweepBinding says what becomes of a binding without sessions.
func (t *Table) sweepBinding(sh *shard, b *store.Binding, c clock) store.Action {
	switch {
	case b.Flags&store.Held == 0:
		return t.release(sh, b, c)
	case c.passed(b.Deadline):
		t.finish(sh, b, c)
		return store.Unbind
	}
	return store.Keep
}

// sweepSession says what becomes of a session.
func (t *Table) sweepSession(sh *shard, b *store.Binding, s *store.Session, c clock) store.Action {
	idle := State(s.State) == Established && c.passed(s.Deadline)
	if sh.settle(indexOf(b.Proto), s, c) {
		if idle {
			peer := sh.rules.embed(s.Peer)
			t.sweep.probes = append(t.sweep.probes, flow{b.V6, peer, b.Port6, s.PeerPort})
		}
		return store.Keep
	}
	t.over(sh, b, s, c)
	return store.Close
}

// refuseSYNs gives out the kept SYNs whose time is over, and returns how long it is
// to the next; 0 if there is none.
func (t *Table) refuseSYNs(now time.Duration, out Sink) time.Duration {
	w := &t.sweep
	for range sweepStep {
		packet, key, wait, ok := t.syns.due(w.syn[:0], now)
		if !ok {
			return wait
		}
		w.syn = packet
		if r := t.rules.Load(); r.IncomingTCP && r.owns(key.v4) {
			out.Refuse(packet, translate.SYNUnanswered)
		}
	}
	return time.Millisecond
}
