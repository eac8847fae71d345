package gateway

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"taygo/conf"
	"taygo/internal/control"
	"taygo/translate/wire"
	"taygo/tundev"
)

// A memoryDevice is a device without a kernel: tests put packets into its queues
// and take out what is written.
type memoryDevice struct {
	ports  []*memoryQueue
	event  chan tundev.Event
	closed chan struct{}
	once   sync.Once

	mu  sync.Mutex
	mtu int
}

func newMemoryDevice(queues, mtu int) *memoryDevice {
	d := &memoryDevice{event: make(chan tundev.Event, 8), closed: make(chan struct{}), mtu: mtu}
	for range queues {
		d.ports = append(d.ports, &memoryQueue{
			device: d, in: make(chan [][]byte), out: make(chan []byte, 1<<16), fail: make(chan error),
		})
	}
	return d
}

func (d *memoryDevice) Name() string                { return "memory0" }
func (d *memoryDevice) Index() int                  { return 0 }
func (d *memoryDevice) mode() string                { return "memory" }
func (d *memoryDevice) state() string               { return stateUp }
func (d *memoryDevice) events() <-chan tundev.Event { return d.event }
func (d *memoryDevice) stats() control.Queues       { return control.Queues{} }

func (d *memoryDevice) MTU() (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.mtu, nil
}

func (d *memoryDevice) setMTU(mtu int) {
	d.mu.Lock()
	d.mtu = mtu
	d.mu.Unlock()
	d.event <- tundev.Event{Kind: tundev.MTUChanged, Name: d.Name(), MTU: mtu}
}

func (d *memoryDevice) Close() error {
	d.once.Do(func() { close(d.closed) })
	return nil
}

func (d *memoryDevice) queues() (all []queue) {
	for _, q := range d.ports {
		all = append(all, q)
	}
	return all
}

type memoryQueue struct {
	device *memoryDevice
	in     chan [][]byte // batches
	out    chan []byte
	fail   chan error
}

func (q *memoryQueue) Read(b *wire.Batch) error {
	b.Reset()
	select {
	case packets := <-q.in:
		for _, p := range packets {
			copy(b.Room(0, len(p)), p)
			b.Received(len(p))
		}
		return nil
	case err := <-q.fail:
		return err
	case <-q.device.closed:
		return os.ErrClosed
	}
}

func (q *memoryQueue) Write(b *wire.Batch) error {
	for _, f := range b.Frames() {
		q.out <- append([]byte(nil), f.Bytes()...)
	}
	return nil
}

func (q *memoryQueue) Send(packet []byte) error {
	q.out <- append([]byte(nil), packet...)
	return nil
}

// A run is a gateway that runs over memory devices.
type run struct {
	*Gateway
	path    string
	opened  chan *memoryDevice // each device that the gateway opens
	stopped chan error
}

const baseConfig = `tun-device memory0
ipv4-addr 192.0.2.1
ipv6-addr 2001:db8:1::1
prefix 2001:db8:64::/96
map 198.51.100.10 2001:db8:1::10
control-socket off
`

// start runs a gateway with the configuration until the test ends.
func start(t *testing.T, text string, queues int) *run {
	t.Helper()
	r := &run{path: filepath.Join(t.TempDir(), "tayga.conf"), opened: make(chan *memoryDevice, 4), stopped: make(chan error, 1)}
	r.write(t, text)
	c, err := conf.Load(r.path)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&testLog{t: t}, nil))
	if r.Gateway, err = New(c, Options{Version: "test", Config: r.path, Log: log, PacketLog: &testLog{t: t}}); err != nil {
		t.Fatal(err)
	}
	r.setUp = nil
	r.open = func(*conf.Config) (device, error) {
		d := newMemoryDevice(queues, 1500)
		r.opened <- d
		return d, nil
	}
	ready := make(chan struct{})
	go func() { r.stopped <- r.Run(t.Context(), func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-r.stopped:
		t.Fatalf("did not start: %v", err)
	}
	return r
}

func (r *run) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(r.path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A testLog writes to the log of a test.
type testLog struct {
	t  *testing.T
	mu sync.Mutex
	b  strings.Builder
}

func (l *testLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *testLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *testLog) Line(_ slog.Level, text string) { fmt.Fprintln(l, text) }

// receive returns the next packet that is written to a queue.
func receive(t *testing.T, q *memoryQueue) []byte {
	t.Helper()
	select {
	case p := <-q.out:
		return p
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was written")
		return nil
	}
}
