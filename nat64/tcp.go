package nat64

// An event is what a TCP segment means to the machine of RFC 6146 §3.5.2.
type event uint8

const (
	v4SYN event = iota
	v4FIN
	v4RST
	v4Other
	v6SYN
	v6FIN
	v6RST
	v6Other

	numEvents
)

// fromV6 is the distance of an event of the IPv6 side from the same of the other.
const fromV6 = v6SYN - v4SYN

// inbound reports whether the segment comes from IPv4.
func (e event) inbound() bool { return e < fromV6 }

// isSYN reports whether the segment opens a connection.
func (e event) isSYN() bool { return e == v4SYN || e == v6SYN }

// The flags of a TCP header that make events, all in the low three bits, and where
// they stand.
const (
	flagFIN = 1
	flagSYN = 2
	flagRST = 4
	flagsAt = 13
)

// eventOf tells what flags mean: a SYN comes before an RST, and that before a FIN,
// if there are several.
var eventOf = [8]event{
	0:                           v4Other,
	flagFIN:                     v4FIN,
	flagSYN:                     v4SYN,
	flagSYN | flagFIN:           v4SYN,
	flagRST:                     v4RST,
	flagRST | flagFIN:           v4RST,
	flagRST | flagSYN:           v4SYN,
	flagRST | flagSYN | flagFIN: v4SYN,
}

// tcpEvent returns the event that the TCP segment is.
func tcpEvent(segment []byte, v6 bool) event {
	e := eventOf[segment[flagsAt]&7]
	if v6 {
		e += fromV6
	}
	return e
}

// A timer is what a step does to the lifetime of a session.
type timer uint8

const (
	keep    timer = iota // it stays what it is
	est                  // TCP_EST from now
	opening              // TCP_TRANS from now, of a handshake
	closing              // TCP_TRANS from now, of a connection that ends
	udp                  // UDP_DEFAULT from now
	query                // ICMP_DEFAULT from now

	numTimers
)

// A move is what a state and an event lead to.
type move struct {
	to    State
	timer timer
}

// The columns of a row that have the same cell, as bits.
const (
	onV4SYN = 1 << v4SYN
	onV6SYN = 1 << v6SYN
	onV4FIN = 1 << v4FIN
	onV6FIN = 1 << v6FIN
	onRST   = 1<<v4RST | 1<<v6RST
	onAny   = 1<<numEvents - 1
)

// tcpRows are the steps of RFC 6146 §3.5.2.2 in its order, those from CLOSED
// apart, which look at bindings first. A later row of the same state is about the
// events that no row before it names.
//
// The RFC lets a SYN behind both FINs pass without a change. It begins another
// connection of the same ports, which would lose its session in mid-life, four
// minutes behind the FINs; such a connection must not (RFC 5382 REQ-2, REQ-5), so
// the rows from CLOSED hold for it.
var tcpRows = []struct {
	from State
	on   uint
	to   State
	timer
}{
	{V4Init, onV6SYN, Established, est},
	{V4Init, onAny, V4Init, keep},

	{V6Init, onV4SYN, Established, est},
	{V6Init, onV6SYN, V6Init, opening},
	{V6Init, onAny, V6Init, keep},

	{Established, onV4FIN, V4FinRcv, keep},
	{Established, onV6FIN, V6FinRcv, keep},
	{Established, onRST, Trans, closing},
	{Established, onAny, Established, est},

	{V4FinRcv, onV6FIN, V4FinV6FinRcv, closing},
	{V4FinRcv, onAny, V4FinRcv, est},

	{V6FinRcv, onV4FIN, V4FinV6FinRcv, closing},
	{V6FinRcv, onAny, V6FinRcv, est},

	{V4FinV6FinRcv, onV4SYN, V4Init, opening},
	{V4FinV6FinRcv, onV6SYN, V6Init, opening},
	{V4FinV6FinRcv, onAny, V4FinV6FinRcv, keep},

	{Trans, onRST, Trans, keep},
	{Trans, onAny, Established, est},
}

// A machine is the TCP machine as a matrix.
type machine [Trans + 1][numEvents]move

// newMachine fills in the rows. With rstCloses an RST behind a FIN shortens the
// lifetime to TCP_TRANS; by the letter of the RFC it prolongs it like any segment.
func newMachine(rstCloses bool) *machine {
	m := new(machine)
	for i := len(tcpRows) - 1; i >= 0; i-- {
		row := &tcpRows[i]
		for e := range numEvents {
			if row.on>>e&1 != 0 {
				m[row.from][e] = move{row.to, row.timer}
			}
		}
	}
	if rstCloses {
		for _, s := range [...]State{V4FinRcv, V6FinRcv} {
			m[s][v4RST].timer, m[s][v6RST].timer = closing, closing
		}
	}
	return m
}
