package nat64

// A State is how far a session has come. The zero State is Closed: no session.
type State uint8

// The states. Those of TCP are those of RFC 6146 §3.5.2, in its order; sessions of
// UDP and ICMP queries are in one of the last three.
const (
	Closed State = iota
	V4Init
	V6Init
	Established
	V4FinRcv
	V6FinRcv
	V4FinV6FinRcv
	Trans

	FromV6   // only the IPv6 host has sent
	FromV4   // only the IPv4 host has sent
	BothWays // both have

	NumStates = iota
)

var stateNames = [NumStates]string{
	"CLOSED", "V4_INIT", "V6_INIT", "ESTABLISHED", "V4_FIN_RCV", "V6_FIN_RCV", "V4_FIN_V6_FIN_RCV", "TRANS",
	"FROM_V6", "FROM_V4", "BOTH_WAYS",
}

// String returns the name of the state as the RFC writes it, with underscores.
func (s State) String() string {
	if s < NumStates {
		return stateNames[s]
	}
	return "UNKNOWN"
}

// StateOf is the inverse of String; false if no state has the name.
func StateOf(name string) (State, bool) {
	for s, n := range stateNames {
		if n == name {
			return State(s), true
		}
	}
	return Closed, false
}

// embryonic reports whether a session in state s may give way to another when
// there is no room: nobody has answered in it yet.
func (s State) embryonic() bool {
	return s == V4Init || s == V6Init || s == FromV6 || s == FromV4
}
