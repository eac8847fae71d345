package store

import (
	"math/bits"

	"taygo/translate/wire"
)

// hash6 hashes the IPv6 side of a binding.
func hash6(seed *[4]uint64, proto uint8, v6 wire.Addr, port uint16) uint64 {
	h := fold(v6.Hi^seed[0], v6.Lo^seed[1])
	return fold(h^uint64(port)<<8^uint64(proto)^seed[2], seed[3]|1)
}

// hash4 hashes the IPv4 side of a binding.
func hash4(seed *[4]uint64, proto uint8, v4 uint32, port uint16) uint64 {
	h := fold(uint64(v4)<<24^uint64(port)<<8^uint64(proto)^seed[1], seed[2]|1)
	return fold(h^seed[0], seed[3]|1)
}

// fold multiplies to 128 bits and folds them to 64: each bit of the result
// depends on all bits of both factors.
func fold(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return hi ^ lo
}
