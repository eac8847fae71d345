package fragment

import "time"

// Options bound a Store. What is zero has its default.
type Options struct {
	// Hold is how long a fragment is kept, and the ports of a datagram are
	// remembered, after the first of its fragments came; default 2 s, the FRAGMENT_MIN
	// of RFC 6146 §4, which it should not be below.
	Hold time.Duration

	Fragments       int // kept at once, default 8192
	Octets          int // of memory for them, default 16 MiB
	SourceFragments int // kept at once of one source, default 256
	SourceOctets    int // of memory for them, default 1 MiB

	Datagrams       int // whose ports are remembered at once, default 16384
	SourceDatagrams int // of one source, default 2048

	// SourceBits is the length of the IPv6 prefix that is one source, default 64.
	// In IPv4 an address is.
	SourceBits int
}

// linger is how long the ports of a datagram are remembered after its last
// fragment came: until it has been translated.
const linger = 100 * time.Millisecond

// maxHoles is how many gaps a datagram may have at once.
const maxHoles = 256

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *int
		value int
	}{
		{&o.Fragments, 8192},
		{&o.Octets, 16 << 20},
		{&o.SourceFragments, 256},
		{&o.SourceOctets, 1 << 20},
		{&o.Datagrams, 16384},
		{&o.SourceDatagrams, 2048},
		{&o.SourceBits, 64},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if o.Hold == 0 {
		o.Hold = 2 * time.Second
	}
	return o
}
