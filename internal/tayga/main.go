package tayga

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"taygo/conf"
	"taygo/tundev"
)

// Exit codes. There are no others.
const (
	good = 0
	bad  = 1
)

// Main is the whole program, as Tayga: argv is its command line, and what it
// returns its exit code. In the background it returns once the process there
// translates, or has failed to. Success, --help and an end by SIGTERM, SIGINT or
// SIGQUIT are 0, everything else is 1.
func Main(ctx context.Context, argv []string, run Runner) int {
	// A reader of the log that goes away, or who sends the wrong signal to a start
	// that is under way, ends nothing.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	o, err := Parse(argv)
	switch {
	case err != nil:
		complain(o.Name, fmt.Errorf("%w (%s --help lists the options)", err, o.Name))
		return bad
	case o.Help:
		fmt.Fprintf(os.Stderr, help, o.Name)
		return good
	case o.Device != Translate:
		err = o.device(os.Stdout)
	default:
		back := fromParent()
		if back == nil && !o.Nodetach {
			return detach(argv)
		}
		err = o.run(ctx, run, back)
	}
	if err == nil {
		return good
	}
	if o.Device == Translate && o.Log != Stdout || !same(os.Stdout, os.Stderr) {
		complain(o.Name, err)
	}
	return bad
}

// complain writes an error to standard error, which does not depend on where the
// log goes.
func complain(name string, err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(os.Stderr, "%s: %s\n", name, strings.TrimSuffix(strings.TrimPrefix(line, "tayga: "), "\n"))
	}
}

// same reports whether two files are one, such as a terminal.
func same(a, b *os.File) bool {
	x, err := a.Stat()
	if err != nil {
		return false
	}
	y, err := b.Stat()
	return err == nil && os.SameFile(x, y)
}

// device makes or removes the TUN device of the configuration, and writes what
// comes of it to out.
func (o *Options) device(out io.Writer) error {
	w := bufio.NewWriter(out)
	defer w.Flush()
	name, err := o.changeDevice()
	switch {
	case err != nil:
		fmt.Fprintln(w, err)
	case o.Device == Make:
		fmt.Fprintf(w, "the TUN device %s is made, and stays\n", name)
	default:
		fmt.Fprintf(w, "the TUN device %s is removed\n", name)
	}
	return err
}

func (o *Options) changeDevice() (name string, err error) {
	c, err := conf.Load(o.Config)
	if err != nil {
		return "", err
	}
	if c.TUNDevice == "" {
		return "", errors.New("tayga: --mktun and --rmtun: the configuration names no device: set tun-device")
	}
	if o.Device == Make {
		return c.TUNDevice, makeDevice(c)
	}
	return c.TUNDevice, removeDevice(c.TUNDevice)
}

// makeDevice makes the device of a configuration so that the Tayga that knows the
// configuration can open it, too: the older generation takes no device with
// several queues, the newer one no other, and only that knows workers.
func makeDevice(c *conf.Config) error {
	if c.At("workers") == (conf.Place{}) {
		return tundev.MakeSingle(c.TUNDevice)
	}
	return tundev.Make(c.TUNDevice)
}

// removeDevice removes a device. Scripts do so at once after they have told the
// process that has it to end, so it waits a little for that.
func removeDevice(name string) error {
	const most, pause = 3 * time.Second, 20 * time.Millisecond
	for start := time.Now(); ; time.Sleep(pause) {
		err := tundev.Remove(name)
		if !errors.Is(err, tundev.ErrBusy) || time.Since(start) > most {
			return err
		}
	}
}
