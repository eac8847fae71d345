package netlab

import "os"

// RequireThat skips or fails a test, as Require does, if err is not nil.
func RequireThat(t TB, err error) {
	t.Helper()
	require(t, err, os.Getenv(MustHave) == "1")
}

// Offloads returns whether TSO, GSO and GRO of a device are on.
func (h *Host) Offloads(dev string) (on [3]bool, err error) {
	err = h.Do(func() error {
		for i, command := range []uint32{ethtoolGetTSO, ethtoolGetGSO, ethtoolGetGRO} {
			value, err := ethtool(dev, command, 0)
			if err != nil {
				return err
			}
			on[i] = value != 0
		}
		return nil
	})
	return on, err
}
