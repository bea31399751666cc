#include "textflag.h"

// func imputeScaleAVX(dst, src *float64, n int, with, a, b float64)
// n is a multiple of 4. Subtraction and division are IEEE 754's, each rounded, as Go's are.
TEXT ·imputeScaleAVX(SB), NOSPLIT, $0-48
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSD with+24(FP), Y5
	VBROADCASTSD a+32(FP), Y6
	VBROADCASTSD b+40(FP), Y7

two:
	CMPQ      CX, $8
	JLT       one
	VMOVUPD   (SI), Y0
	VMOVUPD   32(SI), Y1
	VCMPPD    $3, Y0, Y0, Y2     // missing
	VCMPPD    $3, Y1, Y1, Y3
	VBLENDVPD Y2, Y5, Y0, Y0
	VBLENDVPD Y3, Y5, Y1, Y1
	VSUBPD    Y6, Y0, Y0
	VSUBPD    Y6, Y1, Y1
	VDIVPD    Y7, Y0, Y0
	VDIVPD    Y7, Y1, Y1
	VMOVUPD   Y0, (DI)
	VMOVUPD   Y1, 32(DI)
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $8, CX
	JMP       two

one:
	TESTQ     CX, CX
	JZ        done
	VMOVUPD   (SI), Y0
	VCMPPD    $3, Y0, Y0, Y2
	VBLENDVPD Y2, Y5, Y0, Y0
	VSUBPD    Y6, Y0, Y0
	VDIVPD    Y7, Y0, Y0
	VMOVUPD   Y0, (DI)

done:
	VZEROUPPER
	RET

// func scaleAVX(dst, src *float64, n int, a, b float64)
TEXT ·scaleAVX(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSD a+24(FP), Y6
	VBROADCASTSD b+32(FP), Y7

next:
	TESTQ   CX, CX
	JZ      end
	VMOVUPD (SI), Y0
	VSUBPD  Y6, Y0, Y0
	VDIVPD  Y7, Y0, Y0
	VMOVUPD Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $4, CX
	JMP     next

end:
	VZEROUPPER
	RET
