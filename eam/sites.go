package eam

// sites is a set of the sites in which an index has rules, by a hash of 12 bits.
// Most addresses that are asked for belong to hosts far away, and their sites tell
// at once that no rule holds there. A site is an IPv4 /16 or an IPv6 /48. The
// zero set is empty.
type sites [1 << (12 - 6)]uint64

// site4 numbers the site of an IPv4 address, site6 that of an IPv6 address.
func site4(v4 uint32) uint64 { return uint64(v4 >> 16) }

func site6(hi uint64) uint64 { return hi >> 16 }

func bit(site uint64) (word, mask uint64) {
	h := site * 0x9e3779b97f4a7c15 >> 52
	return h >> 6, 1 << (h & 63)
}

// has reports whether a rule may lie in the site.
func (s *sites) has(site uint64) bool {
	word, mask := bit(site)
	return s[word]&mask != 0
}

// add adds the sites from first to last; of very many, simply all there are.
func (s *sites) add(first, last uint64) {
	if last-first >= uint64(len(s))*64 {
		for i := range s {
			s[i] = ^uint64(0)
		}
		return
	}
	for site := first; ; site++ {
		word, mask := bit(site)
		s[word] |= mask
		if site == last {
			return
		}
	}
}
