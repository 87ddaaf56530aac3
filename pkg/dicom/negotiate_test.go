package dicom

import (
	"context"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/octets"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
)

func TestCheckAETitle(t *testing.T) {
	for _, c := range []struct{ about, title, want string }{
		{"usual", "ORTHANC", ""},
		{"one character", "A", ""},
		{"sixteen", "ABCDEFGHIJKLMNOP", ""},
		{"spaces around", "  ABCDEFGHIJKLMNOP ", ""},
		{"a space within", "ORTH ANC", ""},
		{"empty", "", "1 to 16 characters"},
		{"all spaces", "   ", "aren't all spaces"},
		{"seventeen", "ABCDEFGHIJKLMNOPQ", "has 17 characters"},
		{"a backslash", `A\B`, `contains '\\'`},
		{"a control character", "A\tB", `contains '\t'`},
		{"another alphabet", "PÄDIATRIE", `contains 'Ä'`},
	} {
		t.Run(c.about, func(t *testing.T) { holds(t, CheckAETitle(c.title), c.want) })
	}
	if got := string(appendAETitle(nil, " A B ")); got != "A B             " {
		t.Errorf("on the wire it is %q", got)
	}
}

// holds compares an error with a part of its text, "" for none.
func holds(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("the error is %v instead of …%s…", err, want)
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		about  string
		change func(*Options)
		want   string
	}{
		{"no calling title", func(o *Options) { o.Calling = "" }, "calling: "},
		{"a bad called title", func(o *Options) { o.Called = `\` }, "called: "},
		{"no contexts", func(o *Options) { o.Contexts = nil }, "1 to 128 presentation contexts, not 0"},
		{"too many contexts", func(o *Options) { o.Contexts = make([]Proposal, 129) }, "not 129"},
		{"no transfer syntax", func(o *Options) { o.Contexts = []Proposal{{part10.Verification, nil}} }, "no transfer syntax is proposed"},
		{"no UID", func(o *Options) { o.Contexts = []Proposal{{"CT", []string{part10.ImplicitVRLittleEndian}}} }, `"CT" is not a UID`},
		{"a long PDU", func(o *Options) { o.MaxPDU = 2 << 20 }, "at most 1048576"},
	} {
		t.Run(c.about, func(t *testing.T) {
			o := someOptions()
			c.change(&o)
			_, err := Associate(context.Background(), with(t, func(p *scripted) { p.expect("") }), o)
			holds(t, err, c.want)
		})
	}
}

func TestPropose(t *testing.T) {
	jpeg := someInstance
	jpeg.TransferSyntax = "1.2.840.10008.1.2.4.50"
	var got []string
	for _, p := range Propose(someInstance, jpeg, someInstance) {
		got = append(got, p.AbstractSyntax+" in "+strings.Join(p.TransferSyntaxes, ","))
	}
	want := []string{
		"1.2.840.10008.1.1 in 1.2.840.10008.1.2",
		"1.2.840.10008.5.1.4.1.1.7 in 1.2.840.10008.1.2",
		"1.2.840.10008.5.1.4.1.1.7 in 1.2.840.10008.1.2.1",
		"1.2.840.10008.5.1.4.1.1.7 in 1.2.840.10008.1.2.4.50",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("proposed are\n%s", strings.Join(got, "\n"))
	}
}

var twoContexts = []Proposal{{part10.Verification, []string{part10.ImplicitVRLittleEndian}}, {part10.SecondaryCaptureStorage, []string{part10.ExplicitVRLittleEndian}}}

func TestParseAccept(t *testing.T) {
	for _, c := range []struct{ about, from, to, want string }{
		{"as it was", "", "", ""},
		{"another version", "0001 0000\n'ORTHANC", "0002 0000\n'ORTHANC", "without protocol version 1"},
		{"an even id", "21 00 0019 01", "21 00 0019 02", "the presentation context 2, which was not proposed"},
		{"an id beyond", "21 00 0019 01", "21 00 0019 05", "the presentation context 5, which was not proposed"},
		{"an id twice", "21 00 001b 03", "21 00 001b 01", "the presentation context 1 twice"},
		{"another transfer syntax", "'1.2.840.10008.1.2'", "'1.2.840.10008.1.3'", `the transfer syntax "1.2.840.10008.1.3"`},
		{"a long item", "21 00 0019 01", "21 00 7fff 01", "ends too early"},
		{"a long sub-item", "52 00 0008", "52 00 1008", "in user information that ends too early"},
		{"a short length", "51 00 0004 00001000", "51 00 0003 000010  99 00 0000", "in 3 bytes instead of 4"},
		{"an unknown item", "10 00 0015", "99 00 0015", ""},
	} {
		t.Run(c.about, func(t *testing.T) {
			body := octets.Parse(t, strings.Replace(goldenAC, c.from, c.to, 1))[pduHead:]
			_, _, err := parseAccept(body, twoContexts)
			holds(t, err, c.want)
		})
	}
	_, _, err := parseAccept(make([]byte, 67), twoContexts)
	holds(t, err, "within its fixed part")
}

func TestContextResults(t *testing.T) {
	for result, want := range map[string]string{
		"01": "user-rejection", "02": "no-reason", "03": "abstract-syntax-not-supported",
		"04": "transfer-syntaxes-not-supported", "09": "reserved (9)",
	} {
		conn := with(t, func(p *scripted) {
			p.pdu()
			p.send(strings.Replace(goldenAC, "03 00 00 00 ", "03 00 "+result+" 00 ", 1))
			drain(p)
		})
		o := someOptions()
		o.Contexts = twoContexts
		a, err := Associate(context.Background(), conn, o)
		if err != nil {
			t.Fatal(err)
		}
		if results := a.Contexts(); !results[0].Accepted() || results[1].Accepted() || results[1].TransferSyntax != "" {
			t.Errorf("the contexts are %+v", results)
		}
		_, err = a.Store(context.Background(), someInstance, strings.NewReader("abcd"))
		holds(t, err, "the peer does not accept SOP class 1.2.840.10008.5.1.4.1.1.7 in transfer syntax Explicit VR Little Endian: "+want)
		if refused, ok := isError[*RefusedError](err); !ok || !refused.Proposed || a.Err() != nil {
			t.Errorf("%+v, and the association: %v", refused, a.Err())
		}
		other := someInstance
		other.TransferSyntax = "1.2.840.10008.1.2.4.50"
		_, err = a.Store(context.Background(), other, strings.NewReader("abcd"))
		holds(t, err, "no presentation context was proposed for SOP class 1.2.840.10008.5.1.4.1.1.7 in transfer syntax JPEG Baseline (Process 1)")
		a.Abort()
	}
}

func TestContextsWithoutAnswer(t *testing.T) {
	body := octets.Parse(t, goldenAC)[pduHead:]
	three := append(twoContexts[:2:2], Proposal{"1.2.3", []string{part10.ImplicitVRLittleEndian}})
	_, results, err := parseAccept(body, three)
	if err != nil || results[2].Result != NotAnswered || results[2].Result.String() != "not answered" {
		t.Errorf("%+v, %v", results[2], err)
	}
}

func TestStatuses(t *testing.T) {
	for _, c := range []struct {
		status  Status
		want    string
		warning bool
	}{
		{Status{}, "success (status 0000)", false},
		{Status{Code: 0x0001}, "warning: requested optional attributes are not supported (status 0001)", true},
		{Status{Code: 0x0107}, "warning: attribute list error (status 0107)", true},
		{Status{Code: 0x0122}, "refused: SOP class not supported (status 0122)", false},
		{Status{Code: 0xA700, Comment: "full"}, `refused: out of resources (status A700, "full")`, false},
		{Status{Code: 0xA9FF}, "error: data set does not match SOP class (status A9FF)", false},
		{Status{Code: 0xB006}, "warning: elements discarded (status B006)", true},
		{Status{Code: 0xB123}, "a warning that the peer defines (status B123)", true},
		{Status{Code: 0xC001}, "error: cannot understand (status C001)", false},
		{Status{Code: 0x4242}, "a status that the standard does not define here (status 4242)", false},
	} {
		if got := c.status.String(); got != c.want || c.status.Warning() != c.warning || c.status.Success() != (c.status.Code == 0) {
			t.Errorf("%s (warning: %t) instead of %s", got, c.status.Warning(), c.want)
		}
	}
}

func TestStatusErrorsLeaveTheAssociation(t *testing.T) {
	a := associated(t, 0, func(p *scripted) {
		for _, status := range []uint16{0xA700, 0} {
			context, command, _ := p.message()
			p.write(reply(context, command, status, 4096))
		}
		drain(p)
	})
	_, err := a.Store(context.Background(), someInstance, strings.NewReader("abcd"))
	holds(t, err, "C-STORE of 2.25.1: the peer answered C-STORE with: refused: out of resources (status A700)")
	if e, ok := isError[*StatusError](err); !ok || e.Status.Code != 0xA700 {
		t.Error(err)
	}
	if _, err := a.Store(context.Background(), someInstance, strings.NewReader("abcd")); err != nil {
		t.Error(err)
	}
}
