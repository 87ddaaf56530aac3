package plugin

import (
	"strings"
	"testing"
)

func TestCheckArguments(t *testing.T) {
	for _, test := range []struct {
		args    []string
		message string
	}{
		{[]string{"status", "bhs"}, ""},
		{[]string{"validate", "bhs", "Müller\xe9.dcm"}, ""}, // file names need not be UTF-8
		{[]string{"status", "-o", "go-template={{.}}\n\tx"}, ""},
		{[]string{"status", "-ogo-template={{.}}\n"}, ""},
		{[]string{"status", "--output=jsonpath={.a}\n"}, ""},
		{[]string{"status", "--template", "{{.}}\n"}, ""},
		{[]string{"status", "bhs\n"}, `the argument "bhs\n" contains a control character`},
		{[]string{"cert", "issue", "--dns=a.org\nb.org"}, `the value of --dns, "a.org\nb.org", contains a control character`},
		{[]string{"cert", "issue", "--email", "a@b.org\r"}, `the value of --email, "a@b.org\r", contains a control character`},
		{[]string{"cert", "issue", "--name=\x1b[31m"}, `the value of --name, "\x1b[31m", contains`},
		{[]string{"status", "-n", "a\u009b"}, `the value of -n, "a\u009b", contains`},
		{[]string{"status", "\x00"}, "contains a control character"},
		{[]string{"status", "--na\tme=x"}, "contains a control character"},
	} {
		err := checkArguments(test.args)
		switch {
		case err == nil && test.message != "":
			t.Errorf("%q is accepted", test.args)
		case err != nil && (test.message == "" || !strings.Contains(err.Error(), test.message)):
			t.Errorf("%q: %v, want %q", test.args, err, test.message)
		}
	}
}
