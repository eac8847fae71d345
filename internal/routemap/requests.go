package routemap

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// requests are what other goroutines want of Run.
type requests struct {
	mu    sync.Mutex
	tasks []task
	runs  bool
}

// A task is done by Run, between two turns.
type task struct {
	do   func() error
	done chan error
}

var errNotRunning = errors.New("routemap: Run is not running")

// begin lets tasks be asked for.
func (r *requests) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs = true
}

// end refuses tasks from now on, and those that wait.
func (r *requests) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.runs = false
	for _, t := range r.tasks {
		t.done <- errNotRunning
	}
	r.tasks = nil
}

func (r *requests) running() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runs
}

func (r *requests) put(t task) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.runs {
		r.tasks = append(r.tasks, t)
	}
	return r.runs
}

func (r *requests) take() []task {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.tasks
	r.tasks = nil
	return all
}

// ask has Run do something, and waits for it or for the end of ctx.
func (m *Mapper) ask(ctx context.Context, do func() error) error {
	t := task{do, make(chan error, 1)}
	if !m.asked.put(t) {
		return errNotRunning
	}
	m.events.Wake()
	select {
	case err := <-t.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("routemap: %w", ctx.Err())
	}
}

// answer does what was asked for.
func (m *Mapper) answer() {
	for _, t := range m.asked.take() {
		t.done <- t.do()
	}
}

// Resync has Run read all sources, lists included, and our own table anew, and
// waits until that is done and what was wrong is mended, or ctx ends. After a Flush
// the Mapper maps again. It is an error if Run is not running.
func (m *Mapper) Resync(ctx context.Context) error {
	lists, failed := m.loadLists()
	return m.ask(ctx, func() error {
		m.flushed = false
		m.source.takeLists(lists)
		if failed != nil {
			return failed
		}
		if err := m.links.read(); err != nil {
			return fmt.Errorf("routemap: links: %w", err)
		}
		m.timers.due(choreResync)
		if err := m.resync(reasonRequest); err != nil {
			return err
		}
		return m.audit()
	})
}

// Flush takes away all that is ours in the kernel: routes of our table, and nexthop
// objects, with our mark. It returns how many routes those were. A Mapper that
// runs maps nothing from then on until Resync.
func (m *Mapper) Flush(ctx context.Context) (int, error) {
	n := 0
	do := func() error {
		var err error
		n, err = m.takeAway()
		return err
	}
	err := m.ask(ctx, do)
	if errors.Is(err, errNotRunning) {
		m.mu.Lock()
		defer m.mu.Unlock()
		err = do()
	}
	return n, err
}
