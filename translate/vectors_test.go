package translate_test

import (
	"testing"

	"taygo/internal/pkttest"
	"taygo/translate"
)

// TestVectors translates each packet vector and judges what comes out, byte by
// byte.
func TestVectors(t *testing.T) {
	vectors := pkttest.Vectors()
	if len(vectors) < 295 {
		t.Errorf("%d vectors, there were 295", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			s := newSubject(t, configOf(&v.Config))
			verdict, got := s.send(v.In)
			if err := v.Judge(got); err != nil {
				t.Errorf("%v: %v", verdict, err)
			}
		})
	}
}

// TestVectorsReachTheVerdicts: each verdict that one packet can reach has a
// vector, or a test of its own that is named here.
func TestVectorsReachTheVerdicts(t *testing.T) {
	elsewhere := map[string]string{
		"own_protocol": "TestOwnAddress", "own_dropped": "TestOwnAddress", "answered": "TestOwnAddress",
		"source_denied": "TestDenied", "destination_denied": "TestDenied", "no_room": "TestNoRoom", "pool_full": "TestPoolFull",
		"quote_unmapped": "TestQuoteOfUnmappedAddresses",
	}
	reached := map[string]bool{}
	for _, v := range pkttest.Vectors() {
		s := newSubject(t, configOf(&v.Config))
		verdict, _ := s.send(v.In)
		reached[verdict.String()] = true
	}
	for _, name := range verdictNames() {
		if ofState[name] {
			continue
		}
		if test := elsewhere[name]; reached[name] == (test != "") {
			t.Errorf("%s: reached by a vector %v, tested by %q", name, reached[name], test)
		}
	}
}

// ofState are the verdicts of stateful translation, which nat64 has tests for.
var ofState = func() map[string]bool {
	names := map[string]bool{translate.Held.String(): true, translate.SYNStored.String(): true}
	for v := translate.SourceInPrefix; v <= translate.FragmentsFull; v++ {
		names[v.String()] = true
	}
	return names
}()
