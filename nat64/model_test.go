package nat64_test

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/nat64"
	"taygo/nat64/ports"
	"taygo/translate"
	"taygo/translate/wire"
)

// rfcTable is the TCP machine of RFC 6146 §3.5.2.2: state, event, new state, timer.
// The first line that fits an event holds; "other" fits segments only. A timer "-"
// stays as it is. The two lines about SYNs behind both FINs are not the RFC's: they
// begin another connection, to which RFC 5382 REQ-5 gives a whole lifetime.
const rfcTable = `
V4_INIT            V6_SYN   ESTABLISHED        TCP_EST
V4_INIT            other    V4_INIT            -
V4_INIT            timeout  CLOSED             -
V6_INIT            V4_SYN   ESTABLISHED        TCP_EST
V6_INIT            V6_SYN   V6_INIT            TCP_TRANS
V6_INIT            other    V6_INIT            -
V6_INIT            timeout  CLOSED             -
ESTABLISHED        V4_FIN   V4_FIN_RCV         -
ESTABLISHED        V6_FIN   V6_FIN_RCV         -
ESTABLISHED        V4_RST   TRANS              TCP_TRANS
ESTABLISHED        V6_RST   TRANS              TCP_TRANS
ESTABLISHED        other    ESTABLISHED        TCP_EST
ESTABLISHED        timeout  TRANS              TCP_TRANS
V4_FIN_RCV         V6_FIN   V4_FIN_V6_FIN_RCV  TCP_TRANS
V4_FIN_RCV         other    V4_FIN_RCV         TCP_EST
V4_FIN_RCV         timeout  CLOSED             -
V6_FIN_RCV         V4_FIN   V4_FIN_V6_FIN_RCV  TCP_TRANS
V6_FIN_RCV         other    V6_FIN_RCV         TCP_EST
V6_FIN_RCV         timeout  CLOSED             -
V4_FIN_V6_FIN_RCV  V4_SYN   V4_INIT            TCP_TRANS
V4_FIN_V6_FIN_RCV  V6_SYN   V6_INIT            TCP_TRANS
V4_FIN_V6_FIN_RCV  other    V4_FIN_V6_FIN_RCV  -
V4_FIN_V6_FIN_RCV  timeout  CLOSED             -
TRANS              V4_RST   TRANS              -
TRANS              V6_RST   TRANS              -
TRANS              other    ESTABLISHED        TCP_EST
TRANS              timeout  CLOSED             -
`

var (
	events       = []string{"V6_SYN", "V4_SYN", "V6_FIN", "V4_FIN", "V6_RST", "V4_RST", "V6_data", "V4_data", "timeout"}
	segmentFlags = [...]uint8{2, 2, 1, 1, 4, 4, 16, 16}
	rfcTime      = map[string]time.Duration{"TCP_EST": 7200 * time.Second, "TCP_TRANS": 240 * time.Second}
)

// An rfcStep is a cell of the table as a matrix.
type rfcStep struct {
	to   nat64.State
	life time.Duration // 0: as it is
}

// rfcSteps returns the cells of rfcTable, by state and by number of the event.
func rfcSteps(t *testing.T) map[nat64.State][]rfcStep {
	t.Helper()
	steps := map[nat64.State][]rfcStep{}
	seen := map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSpace(rfcTable), "\n") {
		row := strings.Fields(line)
		from, ok := nat64.StateOf(row[0])
		to, ok2 := nat64.StateOf(row[2])
		if !ok || !ok2 {
			t.Fatal(line)
		}
		if steps[from] == nil {
			steps[from] = make([]rfcStep, len(events))
		}
		for i, e := range events {
			if cell := row[0] + e; !seen[cell] && (row[1] == e || row[1] == "other" && e != "timeout") {
				seen[cell] = true
				steps[from][i] = rfcStep{to, rfcTime[row[3]]}
			}
		}
	}
	if len(seen) != 7*len(events) {
		t.Fatalf("%d cells", len(seen))
	}
	return steps
}

// An rfcModel is one connection as the RFC has it.
type rfcModel struct {
	static bool // its binding is configured
	adf    bool // address-dependent filtering

	state    nat64.State
	deadline time.Duration
	kept     time.Duration // until when a SYN is kept; 0: none is
}

// step returns whether the segment is forwarded, and changes the model.
func (m *rfcModel) step(steps [][]rfcStep, e int, now time.Duration) (forwarded bool) {
	if m.state == nat64.Closed {
		return m.open(e, now)
	}
	s := steps[m.state][e]
	m.state = s.to
	if s.life != 0 {
		m.deadline = now + s.life
	}
	return e != timeout
}

// The numbers of the events that open connections, and of the one that is no
// segment; those of IPv6 are even.
const (
	v6Opens = 0
	v4Opens = 1
	timeout = 8
)

// open is step from CLOSED.
func (m *rfcModel) open(e int, now time.Duration) (forwarded bool) {
	switch {
	case e == timeout:
		return false
	case e == v6Opens && m.kept != 0:
		m.state, m.deadline, m.kept = nat64.Established, now+2*time.Hour, 0
		return true
	case e == v6Opens:
		m.state, m.deadline = nat64.V6Init, now+4*time.Minute
		return true
	case e == v4Opens && m.static && !m.adf:
		m.state, m.deadline = nat64.V4Init, now+4*time.Minute
		return true
	case e == v4Opens:
		if m.kept == 0 {
			m.kept = now + 6*time.Second
		}
		return false
	case e%2 == 0:
		return m.static // the binding is there, and packets from IPv6 pass
	}
	return m.static && !m.adf
}

// A machineTest runs events through a Table and the model side by side.
type machineTest struct {
	t      *testing.T
	steps  [][]rfcStep
	model  rfcModel
	table  *nat64.Table
	p6, p4 *translate.Packet
	now    time.Duration
	sink   counter
	deep   bool // look at everything behind each step
}

// A counter is a Sink that counts.
type counter struct {
	probes, refused int
	last            []byte
}

func (c *counter) Send(packet []byte) {
	c.probes++
	c.last = append(c.last[:0], packet...)
}

func (c *counter) Refuse(packet []byte, v translate.Verdict) {
	if v == translate.SYNUnanswered {
		c.refused++
	}
	c.last = append(c.last[:0], packet...)
}

// TestTCPEveryEventSequence runs all sequences of events, up to a length, through
// the machine and the RFC's table: without a binding, with a static one, and with
// one behind address-dependent filtering.
func TestTCPEveryEventSequence(t *testing.T) {
	length, deep := 5, 4
	if effort(2) == 1 {
		length, deep = 3, 2
	}
	if os.Getenv("TAYGO_LONG") != "" {
		length, deep = 8, 5
	}
	for name, model := range map[string]rfcModel{
		"no binding": {}, "static": {static: true}, "filtered": {static: true, adf: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := machineTest{t: t, steps: make([][]rfcStep, nat64.NumStates), model: model}
			for from, cells := range rfcSteps(t) {
				m.steps[from] = cells
			}
			o := options(func(o *nat64.Options) {
				o.Pools = []ports.Range{{Prefix: netip.MustParsePrefix("192.0.2.1/32"), First: 50001, Last: 50001, TCP: true}}
				o.AddressDependent = model.adf
				if model.static {
					o.Static = []nat64.Static{{Proto: wire.ProtoTCP, V6: netip.MustParseAddrPort("[2001:db8:1::10]:40001"), V4: netip.MustParseAddrPort("192.0.2.1:50001")}}
				}
			})
			m.table = newTable(t, o)
			m.p6 = capture(t, out6(host6, far46, pkttest.TCP{Sport: 40001, Dport: 80}))
			m.p4 = capture(t, in4(far4, pool4, pkttest.TCP{Sport: 80, Dport: 50001}))
			for n := 1; n <= length; n++ {
				m.deep = n <= deep
				m.all(n)
			}
		})
	}
}

// all runs all sequences of n events.
func (m *machineTest) all(n int) {
	index := make([]int, n)
	fresh := m.model
	for {
		m.model = fresh
		for _, e := range index {
			if !m.step(e) {
				for _, e := range index {
					m.t.Log(events[e])
				}
				m.t.FailNow()
			}
		}
		m.clear()
		k := n - 1
		for k >= 0 && index[k] == len(events)-1 {
			index[k] = 0
			k--
		}
		if k < 0 {
			m.model = fresh
			return
		}
		index[k]++
	}
}

// clear lets the Table forget the connection; then it may as well be any time.
func (m *machineTest) clear() {
	if m.now > 100*365*24*time.Hour {
		m.now = 0
	}
	m.table.Forget(wire.ProtoTCP, modelPool, m.now)
}

// The IPv4 sides of the connection.
var modelPool, modelPeer = netip.MustParseAddrPort(pool4 + ":50001"), netip.MustParseAddrPort(far4 + ":80")

// step gives one event to both and compares.
func (m *machineTest) step(e int) bool {
	m.sink.probes, m.sink.refused = 0, 0
	if e == timeout {
		probed, refused := m.timeout()
		return m.same(translate.NoSession, false, probed, refused)
	}
	m.now += time.Second
	if m.model.kept != 0 && m.model.kept <= m.now {
		m.now = m.model.kept - time.Second/16 // a timeout is an event of its own
	}
	forwarded := m.model.step(m.steps, e, m.now)
	p := m.p6
	if e%2 == 1 {
		p = m.p4
	}
	p.Now = m.now
	p.Transport()[13] = segmentFlags[e]
	return m.same(m.table.Map(p), forwarded, 0, 0)
}

// timeout lets the time pass that the model waits for, and returns what a Table
// sends out then.
func (m *machineTest) timeout() (probes, refused int) {
	switch {
	case m.model.kept != 0:
		m.now, m.model.kept = m.model.kept, 0
		refused = 1
	case m.model.state != nat64.Closed:
		if m.model.state == nat64.Established {
			probes = 1
		}
		m.now = m.model.deadline
		m.model.step(m.steps, timeout, m.now)
	}
	m.table.SweepPort(50001, m.now, &m.sink)
	return probes, refused
}

// same compares what is there with the model.
func (m *machineTest) same(got translate.Verdict, forwarded bool, probes, refused int) bool {
	state, left := m.table.Peek(wire.ProtoTCP, modelPool, modelPeer, m.now)
	kept := 0
	if m.model.kept != 0 {
		kept = 1
	}
	wantLeft := m.model.deadline - m.now
	if m.model.state == nat64.Closed {
		wantLeft = 0
	}
	ok := (got == translate.Translated) == forwarded && state == m.model.state && left-wantLeft < time.Second/8 && left >= wantLeft &&
		m.table.Kept() == kept && m.sink.probes == probes && m.sink.refused == refused
	if !ok {
		m.t.Errorf("%v, %v with %v left, %d kept, %d probes, %d refused; want %v, %v with %v, %d, %d, %d",
			got, state, left, m.table.Kept(), m.sink.probes, m.sink.refused, forwarded, m.model.state, wantLeft, kept, probes, refused)
	}
	if m.deep {
		if err := m.table.Check(); err != nil {
			m.t.Error(err)
			return false
		}
	}
	return ok
}
