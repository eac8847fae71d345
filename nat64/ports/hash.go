package ports

import (
	"math/bits"

	"taygo/translate/wire"
)

// mix returns a hash of a host's address. Who does not know the seed cannot aim at
// a value.
func mix(seed uint64, host wire.Addr) uint64 {
	h := fold(seed^0x9e3779b97f4a7c15, host.Hi^0xd6e8feb86659fd93)
	return fold(h^host.Lo, seed^0xa0761d6478bd642f)
}

// mixIn returns the hash of a host and a number, of the hash of the host.
func mixIn(h, x uint64) uint64 {
	h = fold(h^0x8ebc6af09c88c6e3, x*0xe7037ed1a0b428db^h)
	return (h ^ h>>32) * 0x589965cc75374cc3
}

// fold multiplies to 128 bits and adds the halves without carry.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// part returns a number below n, evenly, of a random number.
func part(random, n uint64) uint64 {
	hi, _ := bits.Mul64(random, n)
	return hi
}
