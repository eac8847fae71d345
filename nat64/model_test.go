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
	events  = []string{"V6_SYN", "V4_SYN", "V6_FIN", "V4_FIN", "V6_RST", "V4_RST", "V6_data", "V4_data", "timeout"}
	flags   = map[string]uint8{"SYN": 2, "FIN": 1, "RST": 4, "data": 16}
	rfcTime = map[string]time.Duration{"TCP_EST": 7200 * time.Second, "TCP_TRANS": 240 * time.Second}
)

// rfcRows returns the rows of rfcTable.
func rfcRows() [][]string {
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSpace(rfcTable), "\n") {
		rows = append(rows, strings.Fields(line))
	}
	return rows
}

// A rfcModel is one connection as the RFC has it.
type rfcModel struct {
	static bool // its binding is configured
	adf    bool // address-dependent filtering

	state    string
	deadline time.Duration
	kept     time.Duration // until when a SYN is kept; 0: none is
}

// step returns whether the segment is forwarded, and changes the model.
func (m *rfcModel) step(rows [][]string, e string, now time.Duration) (forwarded bool) {
	if m.state == "CLOSED" {
		return m.open(e, now)
	}
	for _, row := range rows {
		if row[0] != m.state || row[1] != e && (row[1] != "other" || e == "timeout") {
			continue
		}
		m.state = row[2]
		if d, ok := rfcTime[row[3]]; ok {
			m.deadline = now + d
		}
		break
	}
	return e != "timeout"
}

// open is step from CLOSED.
func (m *rfcModel) open(e string, now time.Duration) (forwarded bool) {
	switch {
	case e == "timeout":
		return false
	case e == "V6_SYN" && m.kept != 0:
		m.state, m.deadline, m.kept = "ESTABLISHED", now+rfcTime["TCP_EST"], 0
		return true
	case e == "V6_SYN":
		m.state, m.deadline = "V6_INIT", now+rfcTime["TCP_TRANS"]
		return true
	case e == "V4_SYN" && m.static && !m.adf:
		m.state, m.deadline = "V4_INIT", now+rfcTime["TCP_TRANS"]
		return true
	case e == "V4_SYN":
		if m.kept == 0 {
			m.kept = now + 6*time.Second
		}
		return false
	case strings.HasPrefix(e, "V6"):
		return m.static // the binding is there, and packets from IPv6 pass
	}
	return m.static && !m.adf
}

// A machineTest runs events through a Table and the model side by side.
type machineTest struct {
	t      *testing.T
	rows   [][]string
	model  rfcModel
	table  *nat64.Table
	p6, p4 *translate.Packet
	now    time.Duration
	sink   counter
	deep   bool // look at everything behind each step
	trail  []string
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
	if os.Getenv("TAYGO_LONG") != "" {
		length, deep = 8, 5
	}
	for name, model := range map[string]rfcModel{
		"no binding": {}, "static": {static: true}, "filtered": {static: true, adf: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := machineTest{t: t, rows: rfcRows(), model: model}
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
		m.model.state = "CLOSED"
		m.trail = m.trail[:0]
		for _, i := range index {
			m.trail = append(m.trail, events[i])
			if !m.step(events[i]) {
				m.t.Fatalf("behind %v", m.trail)
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

// clear lets the Table forget the connection.
func (m *machineTest) clear() {
	m.now += time.Hour
	m.table.Forget(wire.ProtoTCP, poolInt, 50001, m.now)
}

// The addresses of the connection as integers.
const poolInt, farInt = 0xc0000201, 0xcb007105

// step gives one event to both and compares.
func (m *machineTest) step(e string) bool {
	m.sink = counter{last: m.sink.last}
	probed, refused := 0, 0
	forwarded, got := false, translate.Translated
	if e == "timeout" {
		probed, refused = m.timeout()
		got = translate.NoSession
	} else {
		m.now += time.Second
		if m.model.kept != 0 && m.model.kept <= m.now {
			m.now-- // a timeout is an event of its own
		}
		forwarded = m.model.step(m.rows, e, m.now)
		p := m.p6
		if e[:2] == "V4" {
			p = m.p4
		}
		p.Now = m.now
		p.Transport()[13] = flags[e[3:]]
		got = m.table.Map(p)
	}
	return m.same(got, forwarded, probed, refused)
}

// timeout lets the time pass that the model waits for, and returns what a Table
// sends out then.
func (m *machineTest) timeout() (probes, refused int) {
	switch {
	case m.model.kept != 0:
		m.now, m.model.kept = m.model.kept, 0
		refused = 1
	case m.model.state != "CLOSED":
		if m.model.state == "ESTABLISHED" {
			probes = 1
		}
		m.now = m.model.deadline
		m.model.step(m.rows, "timeout", m.now)
	}
	m.table.SweepPort(50001, m.now, &m.sink)
	return probes, refused
}

// same compares what is there with the model.
func (m *machineTest) same(got translate.Verdict, forwarded bool, probes, refused int) bool {
	state, left := m.table.Peek(wire.ProtoTCP, poolInt, 50001, farInt, 80, m.now)
	kept := 0
	if m.model.kept != 0 {
		kept = 1
	}
	wantLeft := m.model.deadline - m.now
	if m.model.state == "CLOSED" {
		wantLeft = 0
	}
	ok := (got == translate.Translated) == forwarded && state.String() == m.model.state && left-wantLeft < time.Second/8 && left >= wantLeft &&
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
