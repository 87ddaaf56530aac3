package dicom

import (
	"context"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

const goldenRQ = `
01 00 00000112           # A-ASSOCIATE-RQ
0001 0000                # protocol version 1
'ORTHANC         '       # called
'ORTHWEB         '       # calling
0000000000000000 0000000000000000 0000000000000000 0000000000000000
10 00 0015 '1.2.840.10008.3.1.1.1'
20 00 002e 01 000000     # presentation context 1
30 00 0011 '1.2.840.10008.1.1'
40 00 0011 '1.2.840.10008.1.2'
20 00 0038 03 000000     # presentation context 3
30 00 0019 '1.2.840.10008.5.1.4.1.1.7'
40 00 0013 '1.2.840.10008.1.2.1'
50 00 0043
51 00 0004 00004000      # 16 KiB
52 00 002c '2.25.152613816758598769369807643444822399005'
55 00 0007 'ORTHWEB'
`

const goldenAC = `
02 00 000000c4           # A-ASSOCIATE-AC
0001 0000
'ORTHANC         ' 'ORTHWEB         '
0000000000000000 0000000000000000 0000000000000000 0000000000000000
10 00 0015 '1.2.840.10008.3.1.1.1'
21 00 0019 01 00 00 00   # context 1 accepted
40 00 0011 '1.2.840.10008.1.2'
21 00 001b 03 00 00 00   # context 3 accepted
40 00 0013 '1.2.840.10008.1.2.1'
50 00 0027
51 00 0004 00001000      # 4 KiB
52 00 0008 '1.2.3.45'
53 00 0004 0001 0001     # an operations window, which doesn't matter
55 00 0007 'PEER 1 '
`

const goldenEchoRQ = `
04 00 0000004a           # P-DATA-TF
00000046 01 03           # context 1, last fragment of a command
0000 0000 04000000 38000000
0000 0200 12000000 '1.2.840.10008.1.1' 00
0000 0001 02000000 3000  # C-ECHO-RQ
0000 1001 02000000 0100  # message 1
0000 0008 02000000 0101  # no data set
`

const goldenEchoRSP = `
04 00 00000054
00000050 01 03
0000 0000 04000000 42000000
0000 0200 12000000 '1.2.840.10008.1.1' 00
0000 0001 02000000 3080
0000 2001 02000000 0100
0000 0008 02000000 0101
0000 0009 02000000 0000
`

const goldenStoreRQ = `
04 00 0000006a           # the command
00000066 03 03
0000 0000 04000000 58000000
0000 0200 1a000000 '1.2.840.10008.5.1.4.1.1.7' 00
0000 0001 02000000 0100  # C-STORE-RQ
0000 1001 02000000 0200  # message 2
0000 0007 02000000 0000  # priority medium
0000 0008 02000000 0100  # a data set follows
0000 0010 06000000 '2.25.1'
04 00 0000000a           # the data set
00000006 03 02 'abcd'
`

const goldenStoreRSP = `
04 00 0000006a
00000066 03 03
0000 0000 04000000 58000000
0000 0200 1a000000 '1.2.840.10008.5.1.4.1.1.7' 00
0000 0001 02000000 0180
0000 2001 02000000 0200
0000 0008 02000000 0101
0000 0009 02000000 00b0  # coercion
0000 0010 06000000 '2.25.1'
`

func TestExactBytes(t *testing.T) {
	conn := with(t, func(p *scripted) {
		p.expect(goldenRQ)
		p.send(goldenAC)
		p.expect(goldenEchoRQ)
		p.send(goldenEchoRSP)
		p.expect(goldenStoreRQ)
		p.send(goldenStoreRSP)
		p.expect("05 00 00000004 00000000")
		p.send("06 00 00000004 00000000")
		p.expect("")
	})
	ctx := context.Background()
	o := someOptions()
	o.Contexts = []Proposal{{part10.Verification, []string{part10.ImplicitVRLittleEndian}}, {part10.SecondaryCaptureStorage, []string{part10.ExplicitVRLittleEndian}}}
	a, err := Associate(ctx, conn, o)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Peer{ImplementationClass: "1.2.3.45", VersionName: "PEER 1", MaxPDU: 4096}); a.Peer() != want {
		t.Errorf("the peer is %+v instead of %+v", a.Peer(), want)
	}
	if status, err := a.Echo(ctx); err != nil || !status.Success() {
		t.Errorf("C-ECHO: %v, %v", status, err)
	}
	status, err := a.Store(ctx, someInstance, strings.NewReader("abcd"))
	if err != nil || !status.Warning() || status.String() != "warning: coercion of data elements (status B000)" {
		t.Errorf("C-STORE: %v, %v", status, err)
	}
	if err := a.Release(ctx); err != nil {
		t.Error(err)
	}
	if err := a.Release(ctx); err != nil {
		t.Errorf("a second release: %v", err)
	}
	if _, err := a.Echo(ctx); err == nil || err.Error() != "C-ECHO: the association has ended: the association was released" {
		t.Errorf("C-ECHO after release: %v", err)
	}
}
