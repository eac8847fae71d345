package rfctest

import (
	"os"
	"strings"
	"testing"
)

// TestOperatorsAreTold: what the RFCs want operators to know stands in the
// documents.
func TestOperatorsAreTold(t *testing.T) {
	for _, tt := range []struct {
		id, file string
		words    []string
	}{
		{"E-MTU-01", "../../docs/operating.md", []string{"1520", "1480", "a fragment by 28"}},
	} {
		text, err := os.ReadFile(tt.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range tt.words {
			if !strings.Contains(string(text), word) {
				t.Errorf("%s: %s does not say %q", tt.id, tt.file, word)
			}
		}
	}
}
