package gateway

import (
	"context"
	"errors"
)

// A task runs until ctx ends, its work is done, or it cannot go on.
type task func(ctx context.Context) error

// runTasks runs the tasks side by side until all have returned. The first error
// ends the others; the errors of all are returned together.
func runTasks(ctx context.Context, tasks []task) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error)
	for _, run := range tasks {
		go func() { done <- run(ctx) }()
	}
	var all []error
	for range tasks {
		if err := <-done; err != nil {
			all = append(all, err)
			stop()
		}
	}
	return errors.Join(all...)
}
