package conf

import (
	"fmt"
	"math/bits"
	"strconv"
)

// Sizes of blocks of ports.
const (
	leastBlock = 32
	mostBlock  = 8192
)

// setNAT64PortBlocks takes off, or the size of a block and how many a source may
// have.
func setNAT64PortBlocks(p *parser, args []string) {
	if lower(args[0]) == "off" {
		if len(args) > 1 {
			p.fail("off takes no number", "remove "+strconv.Quote(args[1])+", or write a size for off")
		}
		return
	}
	if !allDigits(args[0]) {
		p.fail(strconv.Quote(args[0])+" is neither off nor a number", unlessGlued(args[0], fmt.Sprintf("write off or a power of two from %d to %d", leastBlock, mostBlock)))
		return
	}
	size, ok := p.blockSize(args[0])
	most := 4
	if ok && len(args) == 2 {
		most, ok = p.number(args[1], 1, 2048)
	}
	if ok {
		p.conf.NAT64.BlockSize, p.conf.NAT64.BlocksPerSource = size, most
	}
}

// blockSize reads a power of two.
func (p *parser) blockSize(s string) (int, bool) {
	size, ok := p.number(s, leastBlock, mostBlock)
	if ok && bits.OnesCount(uint(size)) != 1 {
		above := bits.Len(uint(size))
		p.fail(s+" is not a power of two", fmt.Sprintf("write %d or %d", 1<<(above-1), 1<<above))
		return 0, false
	}
	return size, ok
}

// setNAT64Deterministic takes an IPv6 prefix and the length of the sources in it.
func setNAT64Deterministic(p *parser, args []string) {
	if !p.hasLength(ipv6, args[0]) {
		return
	}
	v6, ok := p.prefix(ipv6, args[0])
	if !ok || !p.usable(v6, overlapping, unusableIPv6) {
		return
	}
	d := NAT64Deterministic{V6: v6}
	if d.SourceBits, ok = p.number(args[1], v6.Bits(), min(128, v6.Bits()+32)); !ok {
		return
	}
	for i, arg := range args[2:] {
		switch {
		case lower(arg) == "overflow" && !d.Overflow:
			d.Overflow = true
		case i > 0 || !allDigits(arg):
			p.fail(strconv.Quote(arg)+" is not possible here", unlessGlued(arg, "write nat64-deterministic V6/M SOURCE-LENGTH [SIZE] [overflow]"))
			return
		default:
			if d.BlockSize, ok = p.blockSize(arg); !ok {
				return
			}
		}
	}
	p.conf.NAT64.Deterministic = d
}

// checkNAT64Blocks checks that the pools have blocks, and enough of them if each
// source has one of its own, whose size it sets if the file does not.
func (p *parser) checkNAT64Blocks() {
	n := &p.conf.NAT64
	if n.BlockSize > 0 {
		p.turnTo("nat64-port-blocks", p.conf.At("nat64-port-blocks"))
		if n.Deterministic.V6.IsValid() {
			p.fail(fmt.Sprintf("cannot stand beside nat64-deterministic in line %d", p.conf.At("nat64-deterministic").Line), "remove one")
		}
		p.checkWholeBlocks(n.BlockSize)
	}
	d := &n.Deterministic
	if !d.V6.IsValid() {
		return
	}
	p.turnTo("nat64-deterministic", p.conf.At("nat64-deterministic"))
	if prefix := p.conf.Prefix; prefix.IsValid() && inside(d.V6, prefix) {
		p.fail(fmt.Sprintf("%v lies in %v, prefix in line %d, and stands for IPv4 hosts", d.V6, prefix, p.conf.At("prefix").Line), "write a prefix of IPv6 hosts")
		return
	}
	sources := 1 << (d.SourceBits - d.V6.Bits())
	for size := mostBlock; d.BlockSize == 0 && size >= leastBlock; size /= 2 {
		if blocksOf(n, size) >= sources {
			d.BlockSize = size
		}
	}
	size := d.BlockSize
	if size == 0 {
		size = leastBlock
	}
	if room := blocksOf(n, size); room < sources {
		p.fail(fmt.Sprintf("%v has %d prefixes of %d bits, and the pools have %d blocks of %d ports from 1024 up", d.V6, sources, d.SourceBits, room, size),
			"add a pool, or write a smaller SIZE or a shorter SOURCE-LENGTH")
	}
}

// checkWholeBlocks refuses addresses that have ports and no block.
func (p *parser) checkWholeBlocks(size int) {
	n := &p.conf.NAT64
	for _, s := range spansOf(n) {
		if s.blocks(size, 0) == 0 {
			at := p.at
			p.turnTo("nat64-pool", s.pools[0].At)
			p.fail(fmt.Sprintf("%s has no block of %d ports, nat64-port-blocks in line %d, which begins at a multiple of that and is for all protocols of the address", textOf(s.pools[0].V4), size, at.Line),
				"write more ports, or smaller blocks")
			return
		}
	}
}
