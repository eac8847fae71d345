package translate_test

import (
	"testing"
	"time"

	"taygo/internal/pkttest"
	"taygo/translate"
)

// Packets about which an error is owed, with an MTU and without.
var (
	spent = [2][]byte{spent4(far4, udp), spent6(mapped6, udp)}
	big   = [2][]byte{
		pkttest.IPv4{Src: far4, Dst: mapped4, DF: true}.Packet(pkttest.UDP{Data: make([]byte, 1470)}),
		pkttest.IPv6{Src: mapped6, Dst: far6}.Packet(pkttest.UDP{Data: make([]byte, 1500)}),
	}
)

// limited returns a translator that limits its errors: ten in a second, three at
// once, and five at once of those with an MTU.
func limited(t *testing.T, errors [2]translate.Errors) *subject {
	t.Helper()
	s := newSubject(t, config())
	p := *s.Policy
	p.Errors = errors
	p.ErrorRate = translate.Rate{PerSecond: 10, Burst: 3}
	p.TooBigRate = translate.Rate{PerSecond: 10, Burst: 5}
	s.Policy = &p
	return s
}

// answers counts what comes out for n copies of pkt.
func answers(s *subject, now time.Duration, pkt []byte, n int) (count int) {
	for range n {
		_, got := s.sendAt(now, pkt)
		count += len(got)
	}
	return count
}

// TestErrorRates: a flood of errors of one kind and family leaves those of the
// other kind and family their own limits (RFC 4443 §2.4f).
func TestErrorRates(t *testing.T) {
	s := limited(t, [2]translate.Errors{})
	for _, tt := range []struct {
		rule string
		now  time.Duration
		pkt  []byte
		want int
	}{
		{"a burst of three", 0, spent[0], 3},
		{"no more at the same time", 0, spent[0], 0},
		{"errors with an MTU have their own limit", 0, big[0], 5},
		{"IPv6 has its own limit", 0, spent[1], 3},
		{"and its own for those with an MTU", 0, big[1], 5},
		{"one again after a tenth of a second", 100 * time.Millisecond, spent[0], 1},
		{"no more than the burst after an hour", time.Hour, spent[0], 3},
		{"a clock that stands still gains nothing", time.Hour, spent[0], 0},
	} {
		if got := answers(s, tt.now, tt.pkt, 100); got != tt.want {
			t.Errorf("%s: %d of 100 answered, want %d", tt.rule, got, tt.want)
		}
	}
	want := translate.ErrorCount{Sent: [2]uint64{12, 8}, Limited: [2]uint64{588, 192}}
	if s.Errors != want {
		t.Errorf("counted %+v, want %+v", s.Errors, want)
	}
}

// TestErrorsNeverAndAlways: each family can be told to send all errors or none
// (RFC 7915 §4.4, §5.4), and the packet is judged the same.
func TestErrorsNeverAndAlways(t *testing.T) {
	const n = 1000
	for _, tt := range []struct {
		rule     string
		errors   [2]translate.Errors
		want     [2]int
		off, all [2]uint64
	}{
		{"none to IPv4, all to IPv6", [2]translate.Errors{translate.ErrorsNever, translate.ErrorsSend}, [2]int{0, n}, [2]uint64{2 * n, 0}, [2]uint64{0, 2 * n}},
		{"all to IPv4, none to IPv6", [2]translate.Errors{translate.ErrorsSend, translate.ErrorsNever}, [2]int{n, 0}, [2]uint64{0, 2 * n}, [2]uint64{2 * n, 0}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			s := limited(t, tt.errors)
			for family, want := range tt.want {
				if got := answers(s, 0, spent[family], n); got != want {
					t.Errorf("family %d: %d of %d answered, want %d", family, got, n, want)
				}
				if got := answers(s, 0, big[family], n); got != want {
					t.Errorf("family %d, too big: %d of %d answered, want %d", family, got, n, want)
				}
				if v, _ := s.send(spent[family]); v != translate.HopLimit {
					t.Errorf("family %d: verdict %v", family, v)
				}
			}
			for family := range 2 { // one more was sent for the verdict
				if tt.off[family] > 0 {
					tt.off[family]++
				} else {
					tt.all[family]++
				}
			}
			if s.Errors.Off != tt.off || s.Errors.Sent != tt.all || s.Errors.Limited != [2]uint64{} {
				t.Errorf("counted %+v, want %v kept back and %v sent", s.Errors, tt.off, tt.all)
			}
			if v, got := s.send(ip4.Packet(udp)); v != translate.Translated || len(got) != 1 {
				t.Errorf("an ordinary packet: %v, %d packets", v, len(got))
			}
		})
	}
}

// TestAnswersHaveNoLimit: pings to the translator are not errors.
func TestAnswersHaveNoLimit(t *testing.T) {
	s := limited(t, [2]translate.Errors{translate.ErrorsNever, translate.ErrorsLimit})
	for _, pkt := range [][]byte{
		pkttest.IPv4{Src: far4, Dst: own4}.Packet(ping), pkttest.IPv6{Src: mapped6, Dst: own6}.Packet(ping),
	} {
		if got := answers(s, 0, pkt, 100); got != 100 {
			t.Errorf("%d of 100 pings answered", got)
		}
	}
}
