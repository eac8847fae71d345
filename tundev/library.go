package tundev

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/tun"

	"taygo/translate/wire"
)

// library carries single packets by golang.zx2c4.com/wireguard/tun: the way
// without virtio headers, for kernels that know none. It reads one packet a
// batch, because the library waits by itself and cannot tell an empty queue.
type library struct {
	device tun.Device
	in     [1][]byte
	sizes  [1]int
	out    [1][]byte
}

// newLibrary hands fd over to the library.
func newLibrary(fd int) (*library, error) {
	device, _, err := tun.CreateUnmonitoredTUNFromFD(fd)
	if err != nil {
		return nil, fmt.Errorf("tundev: wireguard/tun: %w", err)
	}
	return &library{device: device}, nil
}

func (l *library) read(b *wire.Batch, _ *tally) error {
	l.in[0] = b.Room(0, wire.MaxPacket)
	if l.in[0] == nil {
		return fmt.Errorf("tundev: read: the batch has room for %d octets, less than a packet of %d: make it larger", b.Free(), wire.MaxPacket)
	}
	if _, err := l.device.Read(l.in[:], l.sizes[:], 0); err != nil {
		return broken("read", err)
	}
	b.Received(l.sizes[0])
	return nil
}

func (l *library) write(frames []*wire.Frame, t *tally) error {
	for _, f := range frames {
		if f.Offload.Segment != 0 || f.Offload.Partial {
			t.badFrame++
			continue
		}
		l.out[0] = f.Bytes()
		_, err := l.device.Write(l.out[:], 0)
		if err == nil {
			t.written++
			continue
		}
		var errno unix.Errno
		if !errors.As(err, &errno) {
			return broken("write", err)
		}
		t.wrote(errno)
	}
	return nil
}

// broken is the error of a device that reads or writes no more. The library
// calls a deleted device closed; whether it was closed, the Queue knows.
func broken(what string, err error) error {
	if errors.Is(err, os.ErrClosed) {
		err = ErrGone
	}
	return fmt.Errorf("tundev: %s: %w", what, err)
}

func (l *library) wake() error { return l.device.Close() }

func (l *library) close() error { return nil }
