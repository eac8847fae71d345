#include "textflag.h"

// func prefetch(at *uintptr, n int)
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVQ at+0(FP), SI
	MOVQ n+8(FP), CX
	LEAQ (SI)(CX*8), CX

next:
	CMPQ SI, CX
	JGE  done
	MOVQ (SI), AX
	PREFETCHT0 (AX)
	ADDQ $8, SI
	JMP  next

done:
	RET

// The numbers below are those of index.go: a line is 16 words of which the last has
// the depth from bit 16 on, records away in bits 4-15 and slots in use in bits 0-3; a
// tag is bits 23-31 of a slot, 28-31 of them of the rank.

// func match(l *line, rank, apart uint32) (first uint32, more bool)
TEXT ·match(SB), NOSPLIT, $0-21
	MOVQ l+0(FP), SI
	MOVL rank+8(FP), AX
	MOVL 60(SI), DX

	MOVL DX, CX
	SHRL $16, CX
	ANDL $28, CX // splits that changed tags, of 4 bits
	SHLL CX, AX
	ANDL $0xf0000000, AX
	ORL  apart+12(FP), AX

	MOVQ     AX, X0
	PSHUFL   $0, X0, X0
	MOVOU    0(SI), X1
	MOVOU    16(SI), X2
	MOVOU    32(SI), X3
	MOVOU    48(SI), X4
	PXOR     X0, X1
	PXOR     X0, X2
	PXOR     X0, X3
	PXOR     X0, X4
	PSRLL    $23, X1
	PSRLL    $23, X2
	PSRLL    $23, X3
	PSRLL    $23, X4
	PACKSSLW X2, X1
	PACKSSLW X4, X3
	PXOR     X5, X5
	PCMPEQW  X5, X1
	PCMPEQW  X5, X3
	PACKSSWB X3, X1
	PMOVMSKB X1, AX

	MOVL DX, CX
	ANDL $15, CX
	MOVL $-1, BX
	SHLL CX, BX
	NOTL BX
	ANDL BX, AX // slots in use only

	XORL R8, R8
	BSFL AX, CX
	JEQ  none
	MOVL (SI)(CX*4), R8
	ANDL $0x3fffff, R8

none:
	MOVL  R8, first+16(FP)
	TESTL $0xfff0, DX
	SETNE more+20(FP) // records are away
	RET
