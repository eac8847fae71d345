package tayga

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// An account is whom the process becomes.
type account struct {
	uid, gid int // -1: stays
}

// findAccount finds the user and the group of the options, which are names, never
// numbers. With a user and no group it takes the group of the user: to keep that
// of root, as Tayga does, would leave the rights of root's group.
func (o *Options) findAccount() (account, error) {
	a := account{-1, -1}
	// The package user takes the word of this variable for the current user where
	// there is no list of users.
	if err := os.Unsetenv("USER"); err != nil {
		return a, fmt.Errorf("tayga: %w", err)
	}
	if o.User != "" {
		u, err := user.Lookup(o.User)
		if err != nil {
			return a, fmt.Errorf("tayga: --user: %w: name one that `getent passwd` lists", err)
		}
		if a.uid, a.gid, err = ids(u.Uid, u.Gid); err != nil {
			return a, fmt.Errorf("tayga: --user %s: %w", o.User, err)
		}
	}
	if o.Group != "" {
		g, err := user.LookupGroup(o.Group)
		if err != nil {
			return a, fmt.Errorf("tayga: --group: %w: name one that `getent group` lists", err)
		}
		if a.gid, err = strconv.Atoi(g.Gid); err != nil {
			return a, fmt.Errorf("tayga: --group %s: %w", o.Group, err)
		}
	}
	if o.Chroot && a.uid <= 0 {
		return a, errors.New("tayga: --chroot keeps nothing out of the reach of root: name another --user")
	}
	return a, nil
}

func ids(uid, gid string) (u, g int, err error) {
	u, errU := strconv.Atoi(uid)
	g, errG := strconv.Atoi(gid)
	return u, g, errors.Join(errU, errG)
}

// become makes the account that of all threads of the process, with no other
// groups. The capabilities of root end with it. It does nothing if the process is
// that user already and no group is asked for.
func (a account) become(o *Options) error {
	if o.User == "" && o.Group == "" || o.Group == "" && a.uid == os.Getuid() {
		return nil
	}
	if err := syscall.Setgroups([]int{a.gid}); err != nil {
		return fmt.Errorf("tayga: to give up groups: %w: start as root, or without --user and --group", err)
	}
	if err := syscall.Setgid(a.gid); err != nil {
		return fmt.Errorf("tayga: to become group %d: %w", a.gid, err)
	}
	if a.uid < 0 {
		return nil
	}
	if err := syscall.Setuid(a.uid); err != nil {
		return fmt.Errorf("tayga: to become user %d: %w", a.uid, err)
	}
	return nil
}
