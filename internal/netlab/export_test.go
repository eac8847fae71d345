package netlab

import "os"

// RequireThat skips or fails a test, as Require does, if err is not nil.
func RequireThat(t TB, err error) {
	t.Helper()
	require(t, err, os.Getenv(MustHave) == "1")
}
