package hosts

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const (
	beginC = "# BEGIN kubectl-orthweb \"c\"\n"
	endC   = "# END kubectl-orthweb \"c\"\n"
	beginD = "# BEGIN kubectl-orthweb \"d\"\n"
	endD   = "# END kubectl-orthweb \"d\"\n"
)

// TestDamage checks that the error of each kind of damaged block names its lines.
func TestDamage(t *testing.T) {
	for _, c := range []struct {
		about, data string
		want        []string
	}{
		{"no end", "x\n" + beginC, []string{`line 2 begins the block "c", which has no END line`}},
		{"no begin", endC, []string{`line 1 ends the block "c", which has no BEGIN line above`}},
		{"end before begin", endC + beginC, []string{"line 1 ends", "line 2 begins"}},
		{"twice", beginC + endC + "x\n" + beginC + endC, []string{`line 4 begins the block "c", which already begins in line 1`}},
		{"nested", beginC + beginD + endD + endC, []string{`line 2 begins the block "d" before the one of line 1 has ended`, "line 4 ends"}},
		{"other end", beginC + endD, []string{`line 2 ends the block "d" inside "c", which begins in line 1`}},
		{"no name", "# BEGIN kubectl-orthweb\n", []string{"line 1 differs from what kubectl-orthweb writes"}},
		{"bare name", "# end kubectl-orthweb c\n", []string{"line 1 differs"}},
		{"broken quotes", "# BEGIN kubectl-orthweb \"c\n", []string{"line 1 differs"}},
		{"text behind", beginC + strings.TrimSpace(endC) + "10.0.0.1 x\n", []string{"line 2 differs", "line 1 begins"}},
		{"moved in", beginC + "  " + endC, []string{"line 2 differs"}},
		{"strange line", beginC + "# tenant \"a\"\n#10.0.0.1 web.a.org\n" + endC, []string{`line 3 is in the block "c"`}},
		{"line with a comment", beginC + "# tenant \"a\"\n10.0.0.1 web.a.org # mine\n" + endC, []string{"line 3 is in the block"}},
		{"line of no tenant", beginC + "10.0.0.1 web.a.org\n" + endC, []string{"line 2 is in the block"}},
		{"spaces", beginC + "# tenant \"a\"\n10.0.0.1  web.a.org\n" + endC, []string{"line 3 is in the block"}},
		{"moved to the right", beginC + "# tenant \"a\"\n 10.0.0.1\tweb.a.org\n" + endC, []string{"line 3 is in the block"}},
		{"another name on a line", beginC + "# tenant \"a\"\n10.0.0.1\tweb.a.org nas.a.org\n" + endC, []string{"line 3 is in the block"}},
		{"a blank line", beginC + "# tenant \"a\"\n\n10.0.0.1\tweb.a.org\n" + endC, []string{"line 3 is in the block"}},
		{"a blank line first", beginC + "\n# tenant \"a\"\n10.0.0.1\tweb.a.org\n" + endC, []string{"line 2 is in the block"}},
		{"a line of the user's, last", beginC + "# tenant \"a\"\n10.0.0.1\tweb.a.org\n10.0.0.9\tnas.a.org\n" + endC, []string{"line 4 is in the block"}},
		{"a line twice", beginC + "# tenant \"a\"\n10.0.0.1\tweb.a.org\n10.0.0.1\tweb.a.org\n" + endC, []string{"line 4 is in the block"}},
		{"a line of the user's, in its order", beginC + "# tenant \"a\"\n10.0.0.9\tnas.a.org\n10.0.0.1\tweb.a.org\n# sum \"307a8b4020641364\"\n" + endC, []string{`line 1 begins the block "c", whose lines are not those`}},
		{"a line that is gone", beginC + "# tenant \"a\"\n# sum \"307a8b4020641364\"\n" + endC, []string{"line 1 begins"}},
		{"a line below the sum", beginC + "# tenant \"a\"\n10.0.0.1\tweb.a.org\n# sum \"307a8b4020641364\"\n10.0.0.9\tx.a.org\n" + endC, []string{"line 5 is in the block"}},
		{"a tenant below the sum", beginC + "# tenant \"a\"\n10.0.0.1\tweb.a.org\n# sum \"307a8b4020641364\"\n# tenant \"b\"\n" + endC, []string{"line 5 is in the block"}},
		{"two sums", beginC + "# tenant \"a\"\n10.0.0.1\tweb.a.org\n# sum \"307a8b4020641364\"\n# sum \"x\"\n" + endC, []string{"line 5 is in the block"}},
		{"tenant of another block", beginC + "# tenant \"a\"\n" + endC + beginD + "10.0.0.1 web.a.org\n" + endD, []string{"line 5 is in the block"}},
		{"localhost moved in", beginC + "# tenant \"a\"\n127.0.0.1 localhost\n" + endC, []string{"line 3 is in the block"}},
	} {
		_, err := Parse([]byte(c.data))
		var damaged *DamagedError
		if !errors.As(err, &damaged) {
			t.Errorf("%s: got %v, want a *DamagedError", c.about, err)
			continue
		}
		for _, want := range append(c.want, "nothing was written; correct these lines") {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", c.about, err, want)
			}
		}
	}
}

// TestNotMarkers checks that lines that only resemble a marker are lines of the user.
func TestNotMarkers(t *testing.T) {
	for _, line := range []string{
		"# kubectl-orthweb BEGIN", "# BEGIN kubectl-orthweb2 \"c\"", "BEGIN kubectl-orthweb \"c\"", "# see BEGIN kubectl-orthweb \"c\"",
	} {
		if blocks := parsed(t, line+"\n").Blocks(); blocks != nil {
			t.Errorf("%q is taken for %v", line, blocks)
		}
	}
}

func TestBlocks(t *testing.T) {
	out, _ := merged(t, "\ufeff127.0.0.1 localhost\r\n", "c", "b 10.0.0.2 web.b.org", "a 10.0.0.1 web.a.org dicom.a.org", "a fd00::1 web.a.org")
	out, _ = merged(t, out, "quo\"te\n", "z 10.0.0.3 web.z.org")
	got := parsed(t, out).Blocks()
	want := []Block{
		{"c", []Entry{entry("a 10.0.0.1 dicom.a.org web.a.org"), entry("a fd00::1 web.a.org"), entry("b 10.0.0.2 web.b.org")}, 2, 10},
		{"quo\"te\n", []Entry{entry("z 10.0.0.3 web.z.org")}, 11, 15},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if tenants := got[0].Tenants(); !reflect.DeepEqual(tenants, []string{"a", "b"}) {
		t.Errorf("tenants are %v", tenants)
	}
	if strings.Count(out, "\r\n") != strings.Count(out, "\n") {
		t.Errorf("a file of CRLF got other lines: %q", out)
	}
}
