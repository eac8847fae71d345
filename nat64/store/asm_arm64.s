#include "textflag.h"

// func prefetch(at *uintptr, n int)
TEXT ·prefetch(SB), NOSPLIT, $0-16
	MOVD at+0(FP), R0
	MOVD n+8(FP), R1

next:
	CBZ  R1, done
	MOVD.P 8(R0), R2
	PRFM (R2), PLDL1KEEP
	SUB  $1, R1
	B    next

done:
	RET

// asm_amd64.s says what the numbers are.

// func match(l *line, rank, apart uint32) (first uint32, more bool)
TEXT ·match(SB), NOSPLIT, $0-21
	MOVD  l+0(FP), R0
	MOVWU rank+8(FP), R1
	MOVWU apart+12(FP), R2
	MOVWU 60(R0), R3

	LSRW $16, R3, R4
	ANDW $28, R4, R4 // splits that changed tags, of 4 bits
	LSLW R4, R1, R1
	ANDW $0xf0000000, R1, R1
	ORRW R2, R1, R1

	ANDW $15, R3, R5 // slots in use
	MOVD $0, R6

slot:
	CBZW  R5, done
	SUBW  $1, R5, R5
	MOVWU (R0)(R5<<2), R7
	EORW  R1, R7, R8
	LSRW  $23, R8, R8
	CBNZW R8, slot
	ANDW  $0x3fffff, R7, R6
	B     slot

done:
	MOVW R6, first+16(FP)
	TSTW $0xfff0, R3
	CSET NE, R3
	MOVB R3, more+20(FP) // records are away
	RET
