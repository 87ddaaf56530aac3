package plugin

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// everyCommand is each command of the tree that runs by itself, with operands as in its usage
// line.
func everyCommand(t testing.TB) [][]string {
	t.Helper()
	var found [][]string
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
		if !cmd.Runnable() {
			return
		}
		words := strings.Fields(cmd.CommandPath())
		args := words[slices.Index(words, "orthweb")+1:]
		switch {
		case strings.Contains(cmd.Use, "TENANT"):
			args = append(args, "bhs")
		case strings.Contains(cmd.Use, "secret/NAME"):
			args = append(args, "secret/orthweb-secret")
		case strings.Contains(cmd.Use, "FILE"):
			args = append(args, filepath.Join(t.TempDir(), "file"))
		case cmd.Name() == "install":
			args = append(args, "--dir="+t.TempDir())
		}
		for _, flag := range []string{"wait", "connect"} {
			if cmd.Flags().Lookup(flag) != nil && cmd.Flags().Lookup(flag).DefValue == "true" {
				args = append(args, "--"+flag+"=false")
			}
		}
		if cmd.Flags().Lookup("output-dir") != nil {
			args = append(args, "--output-dir="+t.TempDir())
		}
		if cmd.Flags().Lookup("yes") != nil {
			args = append(args, "--yes")
		}
		if cmd.Flags().Lookup("listen-address") != nil {
			args = append(args, "--listen-address=127.0.0.1:0")
		}
		found = append(found, args)
	}
	root := NewRoot(genericiooptions.NewTestIOStreamsDiscard())
	root.InitDefaultHelpCmd()
	visit(root)
	return found
}

// hostileServer answers each request with a Status and a warning, both with the
// payload.
func hostileServer(t testing.TB, payload string) *fakeapi.Server {
	t.Helper()
	api := fakeapi.New(t)
	refuse := fakeapi.Status(http.StatusForbidden, metav1.StatusReasonForbidden, "no"+payload+"\n"+lineMark)
	api.Fail("", func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			oneLine := strings.Map(func(c rune) rune {
				if c < ' ' || c == '"' || c == '\\' {
					return -1
				}
				return c
			}, payload)
			w.Header().Set("Warning", `299 - "old`+oneLine+`"`)
			refuse(next).ServeHTTP(w, r)
		})
	})
	return api
}

// liveCalls call each command while the API server rejects all requests.
func liveCalls(t testing.TB, payload string) [][]string {
	t.Helper()
	api := hostileServer(t, payload)
	var calls [][]string
	for _, args := range everyCommand(t) {
		if slices.Contains(args, "apply") || slices.Contains(args, "bootstrap") {
			continue // they read no cluster
		}
		args = append(slices.Clone(args), "--kubeconfig="+api.Kubeconfig())
		calls = append(calls, args, append(slices.Clone(args), "-v=8"))
	}
	return calls
}

// argumentCalls have the payload in the arguments.
func argumentCalls(payload string) [][]string {
	return [][]string{
		{"status", "x" + payload, "--from=example:failing"}, {"explain", "x" + payload, "--from=example:failing"},
		{"explain", "ks/" + payload, "--from=example:failing"}, {"nosuch" + payload}, {"help", "nosuch" + payload},
		{"status", "-o", "x" + payload}, {"status", "--from=" + payload}, {"status", "--from=example:" + payload},
		{"status", "--context=x" + payload}, {"cert", "inspect", "x" + payload}, {"status", "--" + payload},
		{"status", "-o", "jsonpath={" + payload}, {"hosts", "list", "--ip=" + payload}, {"validate", payload},
		{"bootstrap", "--export", "--url=" + payload}, {"bootstrap", "--export", "--url=https://example.com/x" + payload},
		{"bootstrap", "--export", "--url=https://example.com/o/r", "--path=x" + payload},
		{"bootstrap", "--export", "--url=https://example.com/o/r", "--branch=x" + payload},
		{"bootstrap", "--export", "--url=https://example.com/o/r", "--components=x" + payload},
		{"bootstrap", "--export-dir=x" + payload, "--url=https://example.com/o/r"},
	}
}

// fileCalls are files with the payload in their content and in their names, each with a command
// that reads it.
func fileCalls(t testing.TB, payload string) [][]string {
	t.Helper()
	dir := t.TempDir()
	inName := strings.NewReplacer("/", "", "\x00", "").Replace(payload)
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	calls := [][]string{
		{"status", "--from=" + write("archive.tgz", archive(t, "meta"+payload+".json"))},
		{"status", "--from=" + write("x"+inName+".json", []byte(`{"kind":"List","apiVersion":"v1","items":[{]}`))},
		{"status", "--from=" + write("text", []byte(`{"kind":"x`+payload+`","apiVersion":`))},
	}
	tree := filepath.Join(dir, "tree"+inName)
	if err := os.Mkdir(tree, 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Base(tree)+"/broken"+inName+".yaml", []byte("kind: [apiVersion"))
	calls = append(calls, []string{"status", "--from=" + tree})
	certificate := write("certificate"+inName+".pem", hostileCertificate(t, payload))
	for _, format := range []string{"", "wide", "json", "yaml"} {
		calls = append(calls, []string{"cert", "inspect", certificate, "-o", format}, []string{"cert", "verify", certificate, "-o", format, "--from=example:healthy", "--tenant=bhs"})
	}
	return calls
}

// archive is an archive in the form of a snapshot, with a file of that name.
func archive(t testing.TB, name string) []byte {
	t.Helper()
	var content bytes.Buffer
	packed := gzip.NewWriter(&content)
	files := tar.NewWriter(packed)
	if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: 2, Format: tar.FormatPAX}); err != nil {
		if err := files.WriteHeader(&tar.Header{Name: strings.ReplaceAll(name, "\x00", ""), Mode: 0o600, Size: 2, Format: tar.FormatGNU}); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []func() error{func() error { _, err := files.Write([]byte("{}")); return err }, files.Close, packed.Close} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return content.Bytes()
}

// hostileCertificate has the payload in its subject and in its names.
func hostileCertificate(t testing.TB, payload string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// The extension contains GeneralNames (RFC 5280, section 4.2.1.6): a dNSName and an
	// rfc822Name.
	names, err := asn1.Marshal([]asn1.RawValue{
		{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte("x" + ascii(payload))},
		{Class: asn1.ClassContextSpecific, Tag: 1, Bytes: []byte("x" + ascii(payload) + "@example.com")},
	})
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		Subject:         pkix.Name{CommonName: "x" + payload, Organization: []string{payload}},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: names}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 0x7e {
			return -1
		}
		return r
	}, text)
}

// formatOf returns the format in the arguments of a call.
func formatOf(args []string) string {
	if at := slices.Index(args, "-o"); at >= 0 && !strings.HasPrefix(args[at+1], "x") && !strings.HasPrefix(args[at+1], "jsonpath") {
		return args[at+1]
	}
	return ""
}

// fullWriter is a standard output on a full disk.
type fullWriter struct{ err error }

func (w fullWriter) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: w.err}
}

// outputCalls are all commands of the tree, with arguments that print something without a
// cluster if possible, and their help.
func outputCalls(t testing.TB) [][]string {
	t.Helper()
	var calls [][]string
	for _, args := range everyCommand(t) {
		if !slices.Contains(args, "options") { // kubectl's own, whose help is empty
			calls = append(calls, append(slices.Clone(args), "--help"))
		}
		if len(args) > 0 && slices.Contains([]string{"bash", "zsh", "fish", "powershell", "install", "options", "cert", "hosts", "snapshot", "completion", "help"}, args[len(args)-1]) {
			calls = append(calls, args)
		}
	}
	for _, f := range formsOf(t) {
		args := slices.Clone(f.args)
		args[slices.Index(args, "--from=-")] = "--from=example:failing"
		calls = append(calls, slices.DeleteFunc(args, func(arg string) bool { return arg == "--assume-complete" }))
	}
	return append(calls, []string{}, []string{"help", "status"}, []string{"version", "--client"}, []string{"version", "--client", "-o", "json"},
		[]string{"version", "--client", "-o", "yaml"}, []string{"__complete", "status", ""}, []string{"explain", "--from=example:healthy"},
		[]string{"completion", "install", "--dir=" + t.TempDir()}, []string{"bootstrap", "--export", "--url=https://github.com/digihunch/korthweb"})
}

// TestOutputErrors runs each command with a standard output that fails.
func TestOutputErrors(t *testing.T) {
	for _, args := range outputCalls(t) {
		good := runWith(nil, args...)
		if good.out == "" {
			t.Errorf("%q prints nothing: %s", args, good.errs)
			continue
		}
		run := func(err error) (string, int) {
			var errs bytes.Buffer
			code := Run(context.Background(), append([]string{"kubectl-orthweb"}, args...),
				genericiooptions.IOStreams{In: strings.NewReader(""), Out: fullWriter{err}, ErrOut: &errs})
			return errs.String(), code
		}
		text, code := run(syscall.ENOSPC)
		const want = "error: writing standard output: no space left on device\n"
		if code != int(command.Unclear) || args0(args) != "__complete" && strings.Count(text, want) != 1 {
			t.Errorf("%q on a full disk: exit status %d, and standard error is %q", args, code, text)
		}
		if text, code := run(syscall.EPIPE); code != int(command.Unclear) || strings.Contains(text, "writing") {
			t.Errorf("%q into a closed pipe: exit status %d, and standard error is %q", args, code, text)
		}
	}
}

func args0(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// TestFinish checks that an error of closing the file is reported as well.
func TestFinish(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	s := command.NewStream(file)
	if _, err := s.Write([]byte("x\xe2")); err != nil || s.Finish() != nil {
		t.Fatalf("a good file: %v, %v", err, s.Finish())
	}
	if content, err := os.ReadFile(file.Name()); err != nil || string(content) != `x\xe2` {
		t.Errorf("the file has %q, %v", content, err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte("x")); err == nil || s.Finish() == nil {
		t.Errorf("a closed file: %v, %v", err, s.Finish())
	}
}

// TestHelpOfUnknownCommand checks that it fails as the unknown command itself does.
func TestHelpOfUnknownCommand(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"help", "nosuch"}, `error: unknown command "nosuch" for "kubectl-orthweb"`},
		{[]string{"help", "cert", "nosuch"}, `error: unknown command "nosuch" for "kubectl-orthweb cert"`},
		{[]string{"help", "status", "more"}, `error: unknown command "more" for "kubectl-orthweb status"`},
	} {
		r := runWith(nil, c.args...)
		if first, _, _ := strings.Cut(r.errs, "\n"); r.code != int(command.Unclear) || first != c.want || r.out != "" {
			t.Errorf("%v: exit status %d, %q, %q", c.args, r.code, r.errs, r.out)
		}
	}
	for _, args := range [][]string{{"help"}, {"help", "cert", "issue"}} {
		about := append(slices.Clone(args[1:]), "--help")
		if help, flag := runWith(nil, args...), runWith(nil, about...); help != flag || help.code != 0 || !strings.Contains(help.out, "Usage:") {
			t.Errorf("%v prints %+v, %v prints %+v", args, help, about, flag)
		}
	}
}

// TestCompletionDropsHostileNames checks that completion omits names that a shell could split
// into lines or execute.
func TestCompletionDropsHostileNames(t *testing.T) {
	for name, payload := range payloads {
		objects := hostileClusters(t, recordedObjects(t, "failing"), payload)["names"]
		file := filepath.Join(t.TempDir(), "cluster.json")
		if err := os.WriteFile(file, objects, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"status", "--from=" + file, ""}, {"explain", "--from=" + file, ""}, {"explain", "--from=" + file, "-n", ""}} {
			r := runWith(nil, append([]string{"__complete"}, args...)...)
			for line := range strings.Lines(r.out) {
				word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
				if control(line) != "" || injectedLine(line) != "" || strings.ContainsAny(word, "'\"$`; \\|<>") || strings.Contains(word, "bhs") {
					t.Errorf("%s, %v: the candidate %q", name, args, line)
				}
			}
			if !strings.HasSuffix(r.out, "\n:4\n") && r.out != ":4\n" {
				t.Errorf("%s, %v: %q", name, args, r.out)
			}
		}
	}
}
