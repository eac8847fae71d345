package bench

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"taygo/bench/load"
	"taygo/eam"
	"taygo/internal/pkttest"
	"taygo/siit"
	"taygo/translate"
	"taygo/translate/pref64"
	"taygo/translate/wire"
)

// Rules are what workers without a device translate by.
type rules struct {
	policy translate.Policy
	mapper siit.Mapper
}

// newRules maps 198.51.100.0/24 explicitly, as the first of n pairs, and all else
// by the prefix.
func newRules(n int) (*rules, error) {
	r := &rules{policy: translate.Policy{
		Own4: wire.AddrFrom(own4), Own6: wire.AddrFrom(own6),
		MTU4: mtu - 20, MTU6: mtu, LowestMTU6: 1280, MaxExtensions: 8,
	}}
	var err error
	if r.mapper.Prefix, err = pref64.New(prefix); err != nil {
		return nil, err
	}
	r.mapper.Explicit, err = eam.New(append(pairs(n-1), eam.Pair{
		V4: netip.MustParsePrefix("198.51.100.0/24"), V6: netip.MustParsePrefix("2001:db8:1::/120"),
	}))
	return r, err
}

// pairs returns n pairs for hosts, of four sites far apart in both families.
func pairs(n int) []eam.Pair {
	all := make([]eam.Pair, n)
	for i := range all {
		site, host := uint32(i%4), uint32(i/4)
		v6 := wire.Addr{Hi: 0x20010db8_0000_0000 | uint64(site+0x100)<<16, Lo: uint64(host)*7 + 1}
		all[i] = eam.Pair{
			V4: netip.PrefixFrom(wire.Addr4(site<<30+10<<24+host).Netip(), 32),
			V6: netip.PrefixFrom(v6.Netip(), 128),
		}
	}
	return all
}

// A worker translates the same packets again and again, as a worker of taygo does
// those of a batch. It belongs to one goroutine.
type worker struct {
	*translate.Translator
	frames []*wire.Frame
	saved  []wire.Frame // as they were
	heads  [][]byte     // of the packets as they were: what translation may change
	out    *wire.Batch
}

// newWorker returns worker i of n for some packets, all with one offload.
func (r *rules) newWorker(i, n int, packets [][]byte, o wire.Offload) *worker {
	const longestHead = 128
	w := &worker{Translator: translate.New([32]byte{}, i, n), out: wire.NewBatch(2*translate.MaxOutput, 1<<12)}
	w.Policy, w.Mapper = &r.policy, &r.mapper
	octets := 0
	for _, p := range packets {
		octets += len(p) + wire.LeastFrame
	}
	in := wire.NewBatch(octets, len(packets))
	for _, p := range packets {
		f := in.New(len(p))
		copy(f.Bytes(), p)
		f.Offload = o
		w.frames = append(w.frames, f)
		w.saved = append(w.saved, *f)
		w.heads = append(w.heads, p[:min(len(p), longestHead)])
	}
	return w
}

// round translates all packets once. The error is the first verdict by which one
// is not sent.
func (w *worker) round() error {
	w.out.Reset()
	for i, f := range w.frames {
		*f = w.saved[i]
		copy(f.Bytes(), w.heads[i])
		if v := w.Translate(f, 0, w.out); !v.Sent() {
			return fmt.Errorf("bench: a packet is not translated: %v", v)
		}
	}
	return nil
}

// manyFlows returns small packets of n flows, half of them each way.
func manyFlows(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		host, far := byte(i), byte(i>>8)
		u := pkttest.UDP{Sport: uint16(i), Dport: 53, Data: pkttest.Pattern(1, load.PayloadLen)}
		if i%2 == 0 {
			all[i] = pkttest.IPv4{Src: fmt.Sprintf("203.0.113.%d", far), Dst: fmt.Sprintf("198.51.100.%d", host), DF: true}.Packet(u)
		} else {
			all[i] = pkttest.IPv6{Src: fmt.Sprintf("2001:db8:1::%x", host), Dst: fmt.Sprintf("2001:db8:64::203.0.113.%d", far)}.Packet(u)
		}
	}
	return all
}

// translateAlone returns how many small packets of many flows n workers translate
// in a second, each on a CPU of its own while there are enough.
func translateAlone(n int, d time.Duration) (float64, error) {
	r, err := newRules(1000)
	if err != nil {
		return 0, err
	}
	const flows = 4096
	var (
		stop  atomic.Bool
		total atomic.Int64
		all   sync.WaitGroup
	)
	workers := make([]*worker, n)
	for i := range workers {
		workers[i] = r.newWorker(i, n, manyFlows(flows), wire.Offload{})
	}
	errs := make([]error, n)
	for i, w := range workers {
		all.Go(func() {
			errs[i] = load.On((translatorCPU+i)%(translatorCPU+1), func() error {
				rounds, begun := int64(0), time.Now()
				for ; rounds == 0 || !stop.Load(); rounds++ {
					if err := w.round(); err != nil {
						return err
					}
				}
				total.Add(int64(float64(rounds*flows) / time.Since(begun).Seconds()))
				return nil
			})
		})
	}
	time.Sleep(d)
	stop.Store(true)
	all.Wait()
	return float64(total.Load()), errors.Join(errs...)
}
