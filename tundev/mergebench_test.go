package tundev

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"taygo/translate/wire"
)

// manner is a way to write: each packet by itself, or merged.
type manner struct {
	name  string
	q     *Queue
	times []time.Duration
}

// race writes the batch in each manner by turns, and reports the median of each
// for a packet, and how many times as fast the last is as the first.
func race(b *testing.B, batch *wire.Batch, all ...*manner) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for range b.N {
		for _, m := range all {
			begun := time.Now()
			if err := m.q.Write(batch); err != nil {
				b.Fatal(err)
			}
			m.times = append(m.times, time.Since(begun))
		}
	}
	median := func(m *manner) float64 {
		slices.Sort(m.times)
		return float64(m.times[len(m.times)/2]) / float64(len(batch.Frames()))
	}
	for _, m := range all {
		b.ReportMetric(median(m), m.name+"-ns/packet")
	}
	b.ReportMetric(median(all[0])/median(all[len(all)-1]), "times")
	b.ReportMetric(0, "ns/op") // of both together: means nothing
}

// manners returns the ways to write to a descriptor.
func manners(fd int) (single, merged *manner) {
	return &manner{name: "single", q: &Queue{port: newDirect(fd, -1, granted.none)}},
		&manner{name: "merged", q: &Queue{port: newDirect(fd, -1, granted.all)}}
}

// 64 packets of UDP in IPv4, forwarded to a host with a socket that nobody
// reads: up to there, all is done within the Write. The link takes super-packets
// as they are, or the kernel must cut them.
func BenchmarkNetnsWrite(b *testing.B) {
	for _, link := range []string{"super-packets", "packets"} {
		l := newLine(b, 1500)
		if link == "packets" {
			off(b, l.gw, "far", txChecksum)
		}
		for i := range 4 {
			socketOf(b, l.far, fmt.Sprintf("203.0.113.%d", 1+i))
		}
		for _, c := range []struct{ octets, flows int }{{64, 1}, {64, 4}, {64, 16}, {64, 64}, {1400, 1}, {1400, 64}} {
			b.Run(fmt.Sprintf("link=%s/octets=%d/flows=%d", link, c.octets, c.flows), func(b *testing.B) {
				batch := mixed(64, c.flows, c.octets-wire.IPv4Len-wire.UDPLen, "UDP4")
				single, merged := manners(l.fd)
				race(b, batch, single, merged)
			})
		}
	}
}

// What the merger itself costs: the writes go nowhere.
func BenchmarkMerge(b *testing.B) {
	for _, kind := range kinds {
		for _, flows := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/flows=%d", kind, flows), func(b *testing.B) {
				batch := mixed(64, flows, 36, kind)
				single, merged := manners(nullFile(b))
				race(b, batch, single, merged)
			})
		}
	}
}
