package tayga

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// A process that is to run in the background is this program started anew, in a
// session of its own, with the same command line, directory and standard files, so
// that what it has to say while it starts is seen. It gets the write end of a pipe,
// and this variable, which holds the descriptor of that and the id of the process
// that waits at the read end. Once it translates it turns its standard files to
// /dev/null and writes one octet. If it ends without that, the waiting process
// ends like it.
const backVariable = "TAYGA_BACK"

// backDescriptor is the first after the standard files.
const backDescriptor = 3

// self is this program, even if its file has been replaced meanwhile.
const self = "/proc/self/exe"

// detach starts the command line in the background, waits until it translates or
// ends, and returns the exit code.
func detach(argv []string) int {
	name := filepath.Base(argv[0])
	fail := func(err error) int {
		complain(name, fmt.Errorf("tayga: to the background: %w: use --nodetach", err))
		return bad
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fail(err)
	}
	defer r.Close()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, ends...)
	child, err := os.StartProcess(self, argv, &os.ProcAttr{
		Env:   append(os.Environ(), fmt.Sprintf("%s=%d:%d", backVariable, backDescriptor, os.Getpid())),
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr, w},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		w.Close()
		return fail(err)
	}
	w.Close()
	go func() {
		for range stop {
			_ = child.Signal(syscall.SIGTERM) // if it has ended, that will be seen
		}
	}()
	if n, _ := r.Read(make([]byte, 1)); n == 1 {
		return good
	}
	state, err := child.Wait()
	switch {
	case err != nil:
		return fail(err)
	case !state.Exited():
		complain(name, fmt.Errorf("the start ended by %v", state))
		return bad
	case state.ExitCode() != good:
		return bad // it has said why
	}
	return good
}

// A back is the way from the process in the background to the one that waits for
// it.
type back struct {
	pipe   *os.File
	null   *os.File // opened before the root directory changes
	parent int
}

// fromParent returns the way back if this process was started by detach, else nil.
func fromParent() *back {
	fd, pid, _ := strings.Cut(os.Getenv(backVariable), ":")
	_ = os.Unsetenv(backVariable) // it is for nobody else; that cannot fail
	parent, err := strconv.Atoi(pid)
	if err != nil || fd != strconv.Itoa(backDescriptor) || parent != os.Getppid() {
		return nil
	}
	syscall.CloseOnExec(backDescriptor)
	return &back{pipe: os.NewFile(backDescriptor, "back"), parent: parent}
}

// enter gives the process the name by which it was called, which the name of the
// file self has taken: killall(1) and pidof(8) look for it.
func (b *back) enter(name string) (err error) {
	if err := os.WriteFile("/proc/self/comm", []byte(name), 0); err != nil {
		return err
	}
	b.null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0)
	return err
}

// done turns the standard files to /dev/null and lets the waiting process end.
func (b *back) done() {
	for fd := range 3 {
		if err := syscall.Dup3(int(b.null.Fd()), fd, 0); err != nil {
			panic(os.NewSyscallError("dup3", err)) // both descriptors are ours
		}
	}
	b.null.Close()
	_, _ = b.pipe.Write([]byte{1}) // if nobody waits any more, that changes nothing here
	b.pipe.Close()
}
