package translate_test

import (
	"testing"

	"taygo/translate"
)

func verdictNames() (all []string) {
	for v := range translate.Verdict(translate.NumVerdicts) {
		all = append(all, v.String())
	}
	return all
}

// TestVerdictRowsAreWhole: each verdict has a name of its own, a meaning, and a
// clause that demands it; what was sent on is not logged as dropped.
func TestVerdictRowsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for v := range translate.Verdict(translate.NumVerdicts) {
		if v.String() == "" || v.What() == "" || seen[v.String()] {
			t.Errorf("verdict %d: name %q, meaning %q", v, v, v.What())
		}
		seen[v.String()] = true
		if v.RFC() == "" && v != translate.NoRoom {
			t.Errorf("%v: no clause", v)
		}
		_, _, reply4 := v.Reply(false)
		_, _, reply6 := v.Reply(true)
		if reply4 != reply6 {
			t.Errorf("%v: an error is owed to one family only", v)
		}
		if v.Sent() && (reply4 || v.Class() == translate.Dropped) {
			t.Errorf("%v: sent, and refused", v)
		}
		if want := v.Class() == translate.Rejected || v.Class() == translate.ICMP; !v.Sent() && v.Class() != translate.Self && reply4 != want {
			t.Errorf("%v: class %v, and an error is owed: %v", v, v.Class(), reply4)
		}
	}
}
