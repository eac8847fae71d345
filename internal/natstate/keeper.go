package natstate

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"taygo/nat64"
)

// A Keeper saves snapshots now and then. Its fields are set before the first call;
// its methods may be called at any time, from several goroutines.
type Keeper struct {
	File  File
	Now   func() Moment
	Key   [32]byte      // nat64's Table.Key
	Every time.Duration // 0: only when Save is called
	// Prefix returns the prefix that the sessions are of; nil: none is noted.
	Prefix func() netip.Prefix

	// Export yields all there is, with lifetimes as at the time of the call:
	// nat64's Table.Export.
	Export func(yield func(nat64.Entry) bool)
	// Tell is told the first error of several, and nil when a snapshot succeeds
	// after that. It may be nil.
	Tell func(error)

	saving sync.Mutex // one at a time

	mu   sync.Mutex
	last Kept
}

// Kept is what a Keeper has achieved.
type Kept struct {
	Summary       // of the newest snapshot; zero if there is none of this process
	Err     error // why there is no newer one; nil after a success
}

// effort is the part of the time that Run spends on snapshots at most, as 1/effort.
const effort = 20

// Run saves a snapshot each time Every has passed, or less often if that would take
// too much of the time, until ctx ends: then at once, without the one that it may be
// writing. The last one is for Save, when no packet is translated any more. An empty
// table is saved once. It returns nil.
func (k *Keeper) Run(ctx context.Context) error {
	if k.Every <= 0 {
		return nil
	}
	timer := time.NewTimer(k.Every)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			begun := time.Now()
			if ctx.Err() == nil && !k.stillEmpty() {
				_ = k.Save(ctx) // Tell and Kept have it
			}
			timer.Reset(max(k.Every, effort*time.Since(begun)))
		case <-ctx.Done():
			return nil
		}
	}
}

// stillEmpty reports whether there is nothing, as in the newest snapshot.
func (k *Keeper) stillEmpty() bool {
	if kept := k.Kept(); kept.Octets == 0 || kept.Bindings > 0 || kept.Err != nil {
		return false
	}
	empty := true
	k.Export(func(nat64.Entry) bool {
		empty = false
		return false
	})
	return empty
}

// Save saves a snapshot. One that ctx ends is not reported anywhere else.
func (k *Keeper) Save(ctx context.Context) error {
	k.saving.Lock()
	defer k.saving.Unlock()
	from := Origin{Taken: k.Now(), Key: k.Key}
	if k.Prefix != nil {
		from.Prefix = k.Prefix()
	}
	summary, err := k.File.Save(ctx, from, k.Export)
	if ctx.Err() != nil && err != nil {
		return err
	}
	k.mu.Lock()
	failing := k.last.Err != nil
	if summary.Octets > 0 {
		k.last.Summary = summary
	}
	k.last.Err = err
	k.mu.Unlock()
	if k.Tell != nil && (err != nil) != failing {
		k.Tell(err)
	}
	return err
}

// Kept says how it stands.
func (k *Keeper) Kept() Kept {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.last
}
