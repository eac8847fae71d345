package translate_test

import (
	"testing"

	"taygo/internal/pkttest"
	"taygo/translate"
)

func TestQuoteOfUnmappedAddresses(t *testing.T) {
	s := newSubject(t, testConfigs()["mapsonly"])
	quote := pkttest.IPv4{Src: "198.51.100.10", Dst: "203.0.113.9"}.Packet(pkttest.UDP{Sport: 1, Dport: 2})
	v, out := s.send(pkttest.IPv4{Src: "203.0.113.9", Dst: "198.51.100.10"}.
		Packet(pkttest.ICMPError{Type: 3, Code: 1, Quote: quote}))
	if v != translate.QuoteUnmapped || len(out) != 0 {
		t.Errorf("%v, %d packets", v, len(out))
	}
}
