package demo

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"taygo/internal/control"
	"taygo/internal/netlab"
)

// program is this binary, which is taygo.
const program = "/proc/self/exe"

// A translator is taygo on the router: a process of its own, as an operator
// would run it.
type translator struct {
	router *netlab.Host
	config string // path
	client control.Client
	log    *tail

	cmd   *exec.Cmd
	kill  context.CancelFunc // SIGTERM, and SIGKILL later
	ended chan struct{}      // closed when the process is
	err   error              // valid once ended is closed
}

func newTranslator(router *netlab.Host, dir string) *translator {
	return &translator{
		router: router,
		config: filepath.Join(dir, "tayga.conf"),
		client: control.Client{Path: filepath.Join(dir, "control.sock")},
		log:    newTail(20),
		ended:  make(chan struct{}),
	}
}

// configuration returns the tayga.conf of the demo.
func (t *translator) configuration() string {
	return fmt.Sprintf(`tun-device     %s
# taygo's own addresses: it answers ping, and its ICMP errors come from there.
ipv4-addr      %v
ipv6-addr      %v
# The IPv4 Internet as IPv6 hosts see it.
prefix         %v
# The IPv6-only host as IPv4 hosts see it.
map            %v %v
# What all other IPv6 hosts share, each connection with a port of its own.
nat64-pool     %v
nat64-state-file off
control-socket %s
`, device, own4, own6, prefix, host6AsIPv4, host6Addr, pool, t.client.Path)
}

// prepare writes the configuration, and makes the device and its routes, as an
// operator would.
func (t *translator) prepare(ctx context.Context, s *screen) error {
	text := t.configuration()
	if err := os.WriteFile(t.config, []byte(text), 0o600); err != nil {
		return err
	}
	s.line("$ cat %s\n%s", t.config, text)
	s.line("$ taygo mktun -c %s", t.config)
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	if _, err := t.router.Run(ctx, program, "mktun", "-c", t.config); err != nil {
		return err
	}
	s.line("$ sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
	if err := t.router.Forward(); err != nil {
		return err
	}
	s.line("$ ip link set %s up txqueuelen %d", device, queueLength)
	if err := t.raise(); err != nil {
		return err
	}
	for _, dst := range []netip.Prefix{prefix, single(own6), single(host6AsIPv4), single(pool), single(own4)} {
		s.line("$ ip route add %v dev %s", dst, device)
		if err := t.router.Route(dst, netip.Addr{}, device); err != nil {
			return err
		}
	}
	return nil
}

// queueLength is what taygo would make of the device's transmit queue, in
// packets. The ioctl for that wants root of the first user namespace.
const queueLength = 4096

// raise sets the device up.
func (t *translator) raise() error {
	link, err := t.router.Netlink().LinkByName(device)
	if err == nil {
		err = t.router.Netlink().LinkSetTxQLen(link, queueLength)
	}
	if err != nil {
		return fmt.Errorf("set the transmit queue of %s: %w", device, err)
	}
	return t.router.Up(device)
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// stopTime is how long taygo may take to stop before it is killed.
const stopTime = 3 * time.Second

// start starts taygo. The end of ctx does not end it: stop does.
func (t *translator) start(ctx context.Context, s *screen) error {
	s.line("$ taygo run -c %s &\n", t.config)
	ctx, t.kill = context.WithCancel(context.WithoutCancel(ctx))
	t.cmd = exec.CommandContext(ctx, program, "run", "-c", t.config)
	t.cmd.Stdout, t.cmd.Stderr = t.log, t.log
	t.cmd.Cancel = func() error { return t.cmd.Process.Signal(syscall.SIGTERM) }
	t.cmd.WaitDelay = stopTime
	// A Ctrl-C at the terminal is for the demo, which then stops taygo. Should
	// the demo be killed, so is taygo.
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 2)
	go t.hold(started)
	err := <-started
	if err != nil {
		t.kill()
	}
	return err
}

// hold starts the process and stays until its end, on one thread: to the kernel
// the thread that starts a process is its parent.
func (t *translator) hold(started chan<- error) {
	defer close(t.ended)
	t.err = t.router.Do(func() error {
		err := t.cmd.Start()
		started <- err
		if err != nil {
			return err
		}
		return t.cmd.Wait()
	})
	started <- t.err // in case it could not enter the router
}

// errEnded tells that taygo ended while it was needed.
var errEnded = errors.New("taygo ended")

// alive returns a context that ends with ctx or with the process.
func (t *translator) alive(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-t.ended:
			cancel(fmt.Errorf("%w: %v", errEnded, t.cmd.ProcessState))
		case <-ctx.Done():
			cancel(nil)
		}
	}()
	return ctx
}

// stop has taygo stop, and returns an error if it does so in any way but of
// itself with success.
func (t *translator) stop() error {
	t.kill()
	<-t.ended
	if errors.Is(t.err, context.Canceled) && t.cmd.ProcessState.Success() {
		return nil
	}
	return t.err
}

// run runs another command of taygo on the router and returns what it prints.
func (t *translator) run(ctx context.Context, command string, args ...string) (string, error) {
	out, err := t.router.Run(ctx, program, append([]string{command, "-c", t.config}, args...)...)
	return strings.TrimRight(string(out), "\n"), err
}
