package tundev

import (
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sys/unix"
)

// Options says which device to open, and how. The zero Options opens one queue
// of a new device, for single packets.
type Options struct {
	Name       string // "" for nat64%d; the kernel puts the lowest free number for %d
	Queues     int    // how many are wanted; 0 is 1
	Offload    bool   // take and give TCP and UDP super-packets, as far as the kernel does
	TxQueueLen int    // make the transmit queue, from the kernel to us, at least that many packets, if this process may; 0 leaves it
	RPS        []int  // the CPUs, counted from 0, on which the kernel forwards what is written; none leaves it
}

// DefaultTxQueueLen is a good Options.TxQueueLen. The 500 packets that the kernel
// gives a TUN device are 1.2 ms at 400,000 packets a second, less than a reader
// may wait for its core.
const DefaultTxQueueLen = 4096

// A Device is an open TUN device. Its methods may be called from any goroutine.
type Device struct {
	queues []*Queue
	mode   Mode
	bell   int // an eventfd that rings for good when the device is being closed
	watch  watcher

	dropped uint64 // before it was opened

	mu     sync.Mutex // held to use fd
	fd     int        // of the first queue, which owns it; -1 when that is closed
	name   string     // the last known
	closed bool
}

// Open opens the TUN device of that name in the network namespace of the calling
// thread, and makes it if there is none; one that it makes belongs to the user and
// group of this process, and goes with the last descriptor. It does not set the device up, nor give it addresses, nor change
// its MTU.
//
// An existing device decides between one queue and several; Mode tells what came
// of the Options. The error wraps ErrBusy if another process has the device open,
// or says what is missing and what to type.
func Open(o Options) (*Device, error) {
	d, err := open(o, allOffers)
	if err != nil {
		return nil, fmt.Errorf("tundev: open %q: %w", o.Name, err)
	}
	return d, nil
}

func open(o Options, offered offers) (*Device, error) {
	if o.Name == "" {
		o.Name = "nat64%d"
	}
	_, exists, err := check(o.Name)
	if err != nil {
		return nil, err
	}
	bell, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	d := &Device{bell: bell, fd: -1}
	err = d.open(o, offered)
	if err == nil && !exists {
		err = own(d.fd)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// open opens the queues and sets what holds for the whole device. After an error,
// Close gives up what it opened.
func (d *Device) open(o Options, offered offers) error {
	fd, flags, err := attach(o.Name, offered.flags)
	if err != nil {
		return err
	}
	d.mode.MultiQueue = flags&unix.IFF_MULTI_QUEUE != 0
	d.mode.Header = flags&unix.IFF_VNET_HDR != 0
	if err := d.addQueue(fd); err != nil {
		return err
	}
	d.fd = fd
	l, err := d.watch.start(d)
	if err != nil {
		return err
	}
	if l.tun.queues > 1 { // since check
		return busy(l.name)
	}
	d.dropped = l.txDropped
	if err := d.setHeader(); err != nil {
		return err
	}
	if err := d.setOffload(o.Offload, offered.offloads); err != nil {
		return err
	}
	if o.TxQueueLen > l.txQueueLen {
		err := d.watch.setTxQueueLen(o.TxQueueLen)
		if err != nil && !errors.Is(err, unix.EPERM) { // the owner of a device may only open it
			return err
		}
	}
	for d.mode.MultiQueue && len(d.queues) < o.Queues {
		if fd, _, err = attach(d.Name(), []uint16{flags}); err != nil {
			return fmt.Errorf("queue %d of %d: %w", len(d.queues)+1, o.Queues, err)
		}
		if err := d.addQueue(fd); err != nil {
			return err
		}
	}
	d.mode.Queues = len(d.queues)
	return d.steer(o.RPS)
}

// addQueue makes a queue of a descriptor, which from then on owns it.
func (d *Device) addQueue(fd int) error {
	if d.mode.Header {
		d.queues = append(d.queues, &Queue{port: newDirect(fd, d.bell, &d.mode)})
		return nil
	}
	l, err := newLibrary(fd)
	if err != nil {
		return err
	}
	d.queues = append(d.queues, &Queue{port: l})
	return nil
}

// Queues returns the queues, Mode().Queues of them.
func (d *Device) Queues() []*Queue { return d.queues }

// Mode returns how the device was opened.
func (d *Device) Mode() Mode { return d.mode }

// Name returns the name of the device as it is now; when the device is gone or
// closed, as it was last.
func (d *Device) Name() string {
	name, _ := d.nameNow()
	return name
}

// nameNow is Name, and whether the descriptor still belongs to a device.
func (d *Device) nameNow() (name string, alive bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd < 0 {
		return d.name, false
	}
	ifr := new(unix.Ifreq)
	if err := unix.IoctlIfreq(d.fd, unix.TUNGETIFF, ifr); err != nil {
		return d.name, false
	}
	d.name = ifr.Name()
	return d.name, true
}

// Index returns the interface index of the device. It stays the same when the
// device is renamed, and may change when it is moved to another namespace.
func (d *Device) Index() int { return int(d.watch.index.Load()) }

// MTU returns the MTU of the device as it is now, in octets. The error wraps
// ErrGone if there is no device any more.
func (d *Device) MTU() (int, error) {
	l, err := d.watch.now()
	if err != nil {
		return 0, fmt.Errorf("tundev: MTU of %q: %w", d.Name(), err)
	}
	return l.mtu, nil
}

// Missed returns how many packets the kernel has dropped since Open before a Read
// took them, because a queue was full, super-packets as one. The error wraps
// ErrGone if there is no device any more.
func (d *Device) Missed() (uint64, error) {
	l, err := d.watch.now()
	if err != nil {
		return 0, fmt.Errorf("tundev: packets missed by %q: %w", d.Name(), err)
	}
	return l.txDropped - d.dropped, nil
}

// Close wakes all readers, waits until they and the writers have left, and gives
// up the device; unless persistent, it is gone then. Events is closed. A second
// Close does nothing.
func (d *Device) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed, d.fd = true, -1
	d.mu.Unlock()
	errs := []error{d.watch.close()}
	for _, q := range d.queues {
		errs = append(errs, q.close())
	}
	errs = append(errs, unix.Close(d.bell))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("tundev: close %q: %w", d.Name(), err)
	}
	return nil
}
