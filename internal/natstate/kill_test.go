package natstate

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"taygo/nat64"
)

// saverDir names the directory in which a copy of the test program saves for ever.
const saverDir = "NATSTATE_SAVER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(saverDir); dir != "" {
		saveForEver(in(dir))
	}
	os.Exit(m.Run())
}

// saveForEver saves 1000, 1001, 1002 … entries, and tells each time.
func saveForEver(f File) {
	for n := 1000; ; n++ {
		if err := save(f, n); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("saved", n)
	}
}

// TestKilledWhileItSaves: at any instant, the file is whole, and none is older than
// the last that was said to be saved.
func TestKilledWhileItSaves(t *testing.T) {
	kills := 100
	if testing.Short() {
		kills = 10
	}
	f := in(t.TempDir())
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), saverDir+"="+filepath.Dir(f.Path()))
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines, told := bufio.NewScanner(out), 0
		if !lines.Scan() {
			t.Fatal("it says nothing")
		}
		time.AfterFunc(time.Duration(rand.IntN(20_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		for ok := true; ok; ok = lines.Scan() {
			if _, err := fmt.Sscanf(lines.Text(), "saved %d", &told); err != nil {
				t.Fatal(lines.Text())
			}
		}
		_ = cmd.Wait() // it was killed
		var got taker
		_, err = f.Load(Options{Now: start}, got.restore)
		if err != nil || len(got.all) < told || !slices.EqualFunc(got.all, entries(len(got.all)), equal) {
			t.Fatalf("%d entries, %v; %d were saved", len(got.all), err, told)
		}
	}
	must(t, save(f, 3))
	holds(t, f, 3)
}

// TestKeeper: it saves now and then, tells of the first failure of several and of
// their end, and stops at once.
func TestKeeper(t *testing.T) {
	dir := t.TempDir()
	told := make(chan error, 100)
	k := &Keeper{
		File: in(dir + "/sub"), Key: origin.Key, Every: time.Millisecond, Now: func() Moment { return start },
		Export: slices.Values(entries(30)), Tell: func(err error) { told <- err },
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.Run(ctx) }()
	if err := <-told; err == nil || k.Kept().Err == nil {
		t.Errorf("told %v, kept %v", err, k.Kept().Err)
	}
	time.Sleep(20 * time.Millisecond)
	must(t, os.Mkdir(dir+"/sub", 0o700))
	if err := <-told; err != nil {
		t.Error(err)
	}
	if kept := k.Kept(); kept.Err != nil || kept.Bindings != 30 || kept.Taken != start {
		t.Errorf("%+v", kept)
	}
	stop()
	must(t, <-done)
	holds(t, k.File, 30)
	must(t, os.Remove(k.File.Path()))
	must(t, k.Save(context.Background()))
	holds(t, k.File, 30)
}

// TestAKeeperIsNotHeldUp: by a snapshot that it is writing when it is to end, nor
// does it report that.
func TestAKeeperIsNotHeldUp(t *testing.T) {
	begun := make(chan struct{})
	k := &Keeper{
		File: in(t.TempDir()), Every: time.Millisecond, Now: func() Moment { return start },
		Tell: func(err error) { t.Errorf("told %v", err) },
		Export: func(yield func(nat64.Entry) bool) {
			close(begun)
			for yield(entry(0)) { // until it is told to stop
			}
		},
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- k.Run(ctx) }()
	<-begun
	stop()
	must(t, <-done)
	if kept := k.Kept(); kept != (Kept{}) {
		t.Errorf("%+v", kept)
	}
}

// TestAnEmptyTableIsSavedOnce: until there is something again.
func TestAnEmptyTableIsSavedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all atomic.Pointer[[]nat64.Entry]
		all.Store(&[]nat64.Entry{})
		f := in(t.TempDir())
		var saved atomic.Int64
		k := &Keeper{
			File: f, Every: time.Second,
			Now: func() Moment { saved.Add(1); return start },
			Export: func(yield func(nat64.Entry) bool) {
				slices.Values(*all.Load())(yield)
			},
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- k.Run(ctx) }()
		wait := func(want int64) {
			t.Helper()
			time.Sleep(10*time.Second + time.Millisecond)
			synctest.Wait()
			if got := saved.Load(); got != want {
				t.Errorf("saved %d times, want %d", got, want)
			}
		}
		wait(1)
		some := entries(5)
		all.Store(&some)
		wait(11)
		all.Store(&[]nat64.Entry{})
		wait(12)
		stop()
		must(t, <-done)
		holds(t, f, 0)
	})
}

// TestAKeeperHasTime: a snapshot that takes long is not taken again at once.
func TestAKeeperHasTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		saved := 0
		k := &Keeper{
			File: in(t.TempDir()), Every: time.Second, Now: func() Moment { saved++; return start },
			Export: func(yield func(nat64.Entry) bool) { time.Sleep(time.Second); yield(entry(0)) },
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- k.Run(ctx) }()
		time.Sleep(100 * time.Second) // of which it has five
		stop()
		must(t, <-done)
		if saved != 5 {
			t.Errorf("saved %d times, want 5", saved)
		}
	})
}

// TestWithoutATime a Keeper saves only when it is told to.
func TestWithoutATime(t *testing.T) {
	k := &Keeper{File: in(t.TempDir()), Now: func() Moment { return start }}
	must(t, k.Run(t.Context()))
}
