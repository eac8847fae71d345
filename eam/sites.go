package eam

// sites is a set of the sites in which an index has rules, by a hash of 12 bits.
// Most addresses that are asked for belong to hosts far away, and their sites tell
// at once that no rule holds there. A site is an IPv4 /16 or an IPv6 /48. The
// zero set is empty.
type sites [1 << (12 - 6)]uint64

// siteOf numbers the site of a. Of a key that is an IPv4 address only lo is set,
// and lo16 keeps its upper half; for IPv6, lo16 is zero.
func siteOf(a key, lo16 uint64) uint64 { return a.hi>>16 | a.lo&lo16>>16 }

// upper4 keeps of an IPv4 address what numbers its site.
const upper4 = 0xffff << 16

func bit(site uint64) (word, mask uint64) {
	h := site * 0x9e3779b97f4a7c15 >> 52
	return h >> 6, 1 << (h & 63)
}

// has reports whether a rule may lie in the site.
func (s *sites) has(site uint64) bool {
	word, mask := bit(site)
	return s[word]&mask != 0
}

// add adds all sites of a span; of a very large one, simply all there are.
func (s *sites) add(p span, lo16 uint64) {
	first, last := siteOf(p.first, lo16), siteOf(p.last, lo16)
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
