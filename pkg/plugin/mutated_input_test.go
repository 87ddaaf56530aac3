package plugin

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/reliability"
	"github.com/digihunch/kubectl-orthweb/pkg/certs"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// mutated is input of users, changed at random, and its reader. The reader fails the test if
// the program violates an invariant.
type mutated struct {
	about, promise string
	times          int
	data           []byte
	read           func(t *testing.T, data []byte)
}

func TestMutatedInput(t *testing.T) {
	const refused = "no panic; read or refused, and no control character is printed"
	ca := newTestCA(t, "CA", time.Now())
	subject, err := certs.ParseSubject("CN=x")
	if err != nil {
		t.Fatal(err)
	}
	request, err := certs.NewRequest(subject, certs.Names{DNS: []string{"x.example.org"}}, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	p12, err := certs.EncodePKCS12(ca.key, []*x509.Certificate{ca.certificate}, nil, "secret", true)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("P12", "secret")
	dir := t.TempDir()
	inspected := func(more ...string) func(*testing.T, []byte) {
		return func(t *testing.T, data []byte) {
			runMutated(t, data, append([]string{"cert", "inspect", "-"}, more...)...)
		}
	}
	file := func(name string, args ...string) func(*testing.T, []byte) {
		path := filepath.Join(dir, name)
		return func(t *testing.T, data []byte) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			runMutated(t, nil, append(args, path)...)
		}
	}
	var rows []reliability.Row
	for _, m := range []mutated{
		{"a certificate in PEM, changed at random", refused, 400, ca.pem, inspected()},
		{"a certificate in DER, changed at random", refused, 400, ca.certificate.Raw, inspected()},
		{"a PKCS#12 file, changed at random", refused, 150, p12, inspected("--p12", "--p12-password-env=P12")},
		{"a certificate request, changed at random", refused, 400, request, func(t *testing.T, data []byte) {
			runMutated(t, data, "cert", "issue", "bhs", "--csr=-", "--output-dir="+dir)
		}},
		{"a private key, changed at random", "no panic; read or refused", 400, ca.keyPEM, func(t *testing.T, data []byte) {
			if key, err := certs.DecodeKey(data); (key == nil) == (err == nil) {
				t.Errorf("the key is %v, the error %v", key != nil, err)
			}
		}},
		{"a hosts file, changed at random", refused, 400, []byte(mutatedHosts), file("hosts", "hosts", "remove", "--block=lab", "--dry-run", "--hosts-file")},
	} {
		row := reliability.Row{Tried: m.about, Promise: m.promise}
		random := rand.New(rand.NewPCG(1, uint64(len(m.about))))
		for i := range m.times {
			row.Times++
			if t.Run(fmt.Sprintf("%s/%d", m.about, i), func(t *testing.T) { m.read(t, reliability.Mutate(random, m.data)) }) {
				row.Held++
			}
		}
		rows = append(rows, row)
	}
	rows = append(rows, controlCharacters(t))
	reliability.Report(t, "input", rows)
}

const mutatedHosts = `127.0.0.1	localhost
# BEGIN kubectl-orthweb "lab"
# tenant "bhs"
10.0.0.1	web.bhs.orthweb.com
# END kubectl-orthweb "lab"
10.0.0.2	other.example.org
`

// runMutated runs a command that must end by itself, with a documented exit code and output
// that is safe for a terminal.
func runMutated(t *testing.T, stdin []byte, args ...string) (stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	code := Run(context.Background(), append([]string{"kubectl-orthweb"}, args...),
		genericiooptions.IOStreams{In: bytes.NewReader(stdin), Out: &out, ErrOut: &errOut})
	if code < int(command.Yes) || code > int(command.Unclear) {
		t.Errorf("%q: exit status %d", args, code)
	}
	for _, r := range out.String() + errOut.String() {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			t.Errorf("%q printed %U: %q", args, r, out.String()+errOut.String())
			break
		}
	}
	return errOut.String()
}

// controlCharacters passes a value with each of several control characters to each flag that
// takes text.
func controlCharacters(t *testing.T) reliability.Row {
	row := reliability.Row{Tried: "a control character in a flag's value", Promise: "refused before anything is read"}
	for _, flag := range []string{"--dns", "--email", "--uri", "--ip", "--name", "--subject", "--issuer", "--ca-secret", "--output-dir", "--context", "-n", "--duration"} {
		for _, character := range []string{"\n", "\r", "\x1b[31m", "\x7f", "\u0085", "\u009b", "\x00", "\b"} {
			row.Times++
			if message := runMutated(t, nil, "cert", "issue", "bhs", flag, "a"+character+"b"); strings.Contains(message, "control character") {
				row.Held++
			} else {
				t.Errorf("%s %q: %s", flag, character, message)
			}
		}
	}
	return row
}
