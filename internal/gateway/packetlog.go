package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"time"

	"taygo/internal/logsink"
	"taygo/translate"
)

// A packetLog writes a line for packets of the classes that the operator asked
// for, as Tayga does. It never holds up a packet: what a slow sink cannot take is
// counted, and the count told when it takes lines again.
type packetLog struct {
	lines chan packetLine
	lost  atomic.Uint64
	sink  Lines
}

// Lines takes lines as they are. It must not block.
type Lines interface {
	Line(level slog.Level, text string)
}

// A packetLine is what a line says. It holds no memory of the packet.
type packetLine struct {
	verdict  translate.Verdict
	v6       bool
	src, dst netip.Addr
	payload  int // octets: IPv4 with its header, IPv6 without, as Tayga counts them
	proto    uint8
}

// linesHeld is how many lines wait for the sink, and maxLines how many it gets
// in a second.
const (
	linesHeld = 1024
	maxLines  = 1000
)

func newPacketLog(sink Lines) *packetLog {
	return &packetLog{lines: make(chan packetLine, linesHeld), sink: sink}
}

// add logs a packet and its verdict, but for IPv6 multicast, of which the kernel
// itself sends some on every device.
func (l *packetLog) add(p *translate.Packet, v translate.Verdict) {
	if p.V6 && p.Dst.Hi>>56 == 0xff {
		return
	}
	line := packetLine{verdict: v, v6: p.V6, src: p.Src.Netip(), dst: p.Dst.Netip(), payload: p.Total, proto: p.Proto}
	if p.V6 {
		line.payload -= 40
	}
	select {
	case l.lines <- line:
	default:
		l.lost.Add(1)
	}
}

var classWords = [...]string{
	translate.Passed: "", translate.Dropped: "DROP", translate.Rejected: "REJECT",
	translate.ICMP: "ICMP", translate.Self: "SELF",
}

func (l packetLine) String() string {
	family := "v4"
	if l.v6 {
		family = "v6"
	}
	return fmt.Sprintf("%s: %s %v->%v (%d bytes) (proto %d) %s",
		classWords[l.verdict.Class()], family, l.src, l.dst, l.payload, l.proto, l.verdict.What())
}

// level is the level of a line, as Tayga has it.
func (l packetLine) level() slog.Level {
	switch l.verdict.Class() {
	case translate.Dropped, translate.Rejected:
		return logsink.LevelNotice
	case translate.Passed, translate.ICMP, translate.Self:
	}
	return slog.LevelInfo
}

// run hands lines on until ctx ends.
func (l *packetLog) run(ctx context.Context) error {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	written := 0
	for {
		lines := l.lines
		if written >= maxLines {
			lines = nil // until the second is over; more than linesHeld are lost
		}
		select {
		case line := <-lines:
			l.sink.Line(line.level(), line.String())
			written++
		case <-second.C:
			written = 0
			if n := l.lost.Swap(0); n > 0 {
				l.sink.Line(slog.LevelWarn, fmt.Sprintf("packet log: %d lines lost: more than %d in a second", n, maxLines))
			}
		case <-ctx.Done():
			return nil
		}
	}
}
