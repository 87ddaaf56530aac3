package plugin

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/reliability"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// liveCommands are the commands that connect to an API server; {DIR} is a directory of the
// test.
var liveCommands = []string{
	"status", "status bhs -o json", "status --wait --timeout=300ms --interval=100ms", "check --pre -o json", "explain", "explain bhs", "explain ks/bhs-application",
	"snapshot save {DIR}/file.tgz", "version", "version -o json",
	"cert list --connect=false", "cert list --secrets --connect=false -o json", "cert inspect secret/web-tls -n bhs-orthweb",
	"cert issue bhs --key-algorithm=ecdsa --output-dir={DIR} --timeout=300ms", "cert issue bhs --key-algorithm=ecdsa --via=secret --output-dir={DIR}",
	"hosts list --block=b", "hosts diff --block=b --hosts-file={DIR}/hosts", "hosts sync --block=b --hosts-file={DIR}/hosts --yes",
	"reconcile bhs --timeout=300ms", "reconcile bhs --wait=false", "suspend bhs", "resume bhs --timeout=300ms",
	"validate bhs", "validate bhs --via=port-forward",
	"__complete status ", "__complete explain ks/", "__complete status --namespace ",
}

// serverModes are the faults of an API server, or of the server in its place. The other host
// must get no request.
func serverModes(other string) map[string]fakeapi.Fault {
	page := "<html><head><title>Log in\x1b[31m</title></head><body>token=s3cr3t-of-the-page"
	return map[string]fakeapi.Fault{
		"an answer without an end":           fakeapi.Endless(),
		"a compressed answer without an end": fakeapi.GzipBomb(),
		"headers without an end":             fakeapi.EndlessHeaders(),
		"a list without an end":              fakeapi.Pages(0, 2),
		"nested arrays":                      fakeapi.Deep(100_000),
		"no answer":                          fakeapi.Hang(),
		"a byte at a time":                   fakeapi.Drip(20 * time.Millisecond),
		"a connection that is closed":        fakeapi.Disconnect(0),
		"a connection that is reset":         fakeapi.Reset(),
		"an answer that breaks off":          fakeapi.Disconnect(40),
		"half an answer":                     fakeapi.Truncate(40),
		"a page to log in":                   fakeapi.Body(http.StatusOK, "text/html", page),
		"a page to log in, 401":              fakeapi.Body(http.StatusUnauthorized, "text/html", page),
		"a page to log in, 403":              fakeapi.Body(http.StatusForbidden, "text/html", page),
		"a page of a gateway, 503":           fakeapi.Body(http.StatusServiceUnavailable, "text/html", page),
		"text, 404":                          fakeapi.Body(http.StatusNotFound, "text/html", page),
		"nothing":                            fakeapi.JSON(""),
		"null":                               fakeapi.JSON("null"),
		"an array":                           fakeapi.JSON("[]"),
		"an object of another program":       fakeapi.JSON(`{"error":"login required","token":"s3cr3t-of-the-page"}`),
		"a Status as a success":              fakeapi.JSON(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no\u001b[31m","code":500}`),
		"a list of another kind":             fakeapi.JSON(`{"kind":"LeaseList","apiVersion":"coordination.k8s.io/v1","items":[]}`),
		"protobuf":                           fakeapi.Body(http.StatusOK, "application/vnd.kubernetes.protobuf", "k8s\x00\n\v\x1b[31m"),
		"credentials that are refused":       fakeapi.Status(http.StatusUnauthorized, "Unauthorized", "Unauthorized\x1b[31m"),
		"an error":                           fakeapi.Status(http.StatusInternalServerError, "InternalError", "etcd\x1b[31m\nhas no leader"),
		"an error of a mebibyte":             fakeapi.Status(http.StatusInternalServerError, "InternalError", strings.Repeat("x\x1b", 400_000)),
		"too many requests, for a day":       fakeapi.TooMany(86400),
		"too many requests, for a moment":    fakeapi.TooMany(1),
		"a redirect to another host":         fakeapi.Redirect(http.StatusFound, other),
		"a redirect that keeps the method":   fakeapi.Redirect(http.StatusTemporaryRedirect, other),
		"a redirect in a circle":             fakeapi.RedirectLoop(),
	}
}

// ofLists matches the requests for objects; ofAll includes discovery.
var (
	ofLists = `^/apis?/.*/(kustomizations|deployments|secrets|certificates)(/[^/]+)?$`
	ofAll   = `^/`
)

// TestServerModes checks for every fault of an API server that every command ends, prints a
// clear error, writes and changes nothing, and sends its credentials to no other server.
func TestServerModes(t *testing.T) {
	var requested atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requested.Add(1) }))
	defer other.Close()
	var tried, held atomic.Int64
	modes := serverModes(other.URL)
	t.Run("modes", func(t *testing.T) {
		for name, fault := range modes {
			lists := ofLists
			if strings.HasSuffix(name, "answer without an end") {
				lists = `/kustomizations$` // each is 64 MiB
			}
			for scope, path := range map[string]string{"lists": lists, "all": ofAll} {
				t.Run(name+", "+scope, func(t *testing.T) {
					t.Parallel()
					api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
					api.Fail(path, fault)
					var commands errgroup.Group
					commands.SetLimit(len(liveCommands)) // most of them wait
					for _, command := range liveCommands {
						if scope != "all" && strings.HasPrefix(command, "validate") {
							continue // it would connect to the tenants
						}
						tried.Add(1)
						commands.Go(func() error {
							if tryMode(t, api, command, path) {
								held.Add(1)
							}
							return nil
						})
					}
					_ = commands.Wait()
				})
			}
		}
	})
	if n := requested.Load(); n > 0 {
		t.Errorf("another host was sent %d requests", n)
	}
	rows := []reliability.Row{{
		Tried: "31 kinds of invalid answers, to lists and to discovery, each with 27 commands",
		Times: int(tried.Load()), Held: int(held.Load()),
		Promise: "the command ended with a clear error and exit code 2 (124 after a timeout), changed nothing, and sent nothing to another host",
	}}
	if len(modes) != 31 || len(liveCommands) != 27 {
		t.Errorf("%d modes and %d commands", len(modes), len(liveCommands))
	}
	if memory := memoryRow(t); memory != nil {
		reliability.Report(t, "server", append(rows, memory...))
	}
}

// tryMode runs one command, and reports whether it met these conditions.
func tryMode(t *testing.T, api *fakeapi.Server, commandValue, path string) bool {
	all := path == ofAll
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hosts"), []byte("127.0.0.1 localhost\n"), 0o600); err != nil {
		t.Error(err)
		return false
	}
	args := append([]string{"kubectl-orthweb"}, strings.Split(strings.ReplaceAll(commandValue, "{DIR}", dir), " ")...)
	at := 2
	if strings.HasPrefix(commandValue, "__complete") {
		at = 3 // the last word is the one to complete
	}
	args = slices.Insert(args, at, "--server="+api.URL, "--token=S3CRET-TOKEN", "--request-timeout=300ms")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	code := Run(ctx, args, genericiooptions.IOStreams{In: strings.NewReader(""), Out: &stdout, ErrOut: &stderr})
	ok := true
	fail := func(what string) {
		ok = false
		t.Errorf("%s: %s\nexit %d\n%s%s", commandValue, what, code, shown(stdout.String()), shown(stderr.String()))
	}
	if ctx.Err() != nil {
		fail("it did not end")
	}
	if !slices.Contains(codesOf(commandValue, all), code) {
		fail("the exit code is another")
	}
	if code == int(command.Unclear) && all && !clearError.MatchString(stderr.String()) {
		fail("no clear error")
	}
	if text := stdout.String() + stderr.String(); code == int(command.Yes) && path == ofLists && strings.HasPrefix(commandValue, "cert list --c") && !strings.Contains(text, "Could not be read:") {
		fail("what could not be read is not said")
	}
	if text := stdout.String() + stderr.String(); strings.ContainsFunc(text, func(c rune) bool { return c != '\n' && c != '\t' && !unicode.IsPrint(c) }) {
		fail("there are control characters")
	} else if strings.Contains(text, "S3CRET-TOKEN") || strings.Contains(text, "s3cr3t") {
		fail("there is a secret")
	}
	for line := range strings.Lines(stderr.String()) {
		if len(line) > 2500 {
			fail("a line is too long")
		}
	}
	if left := filesIn(t, dir); left != "hosts" && !(strings.HasPrefix(commandValue, "snapshot save") && code == int(command.Yes)) {
		fail("there are files: " + left)
	}
	if hosts, _ := os.ReadFile(filepath.Join(dir, "hosts")); string(hosts) != "127.0.0.1 localhost\n" && all {
		fail("the hosts file was changed")
	}
	return ok
}

// clearError is a line with the error, and a line with what to do.
var clearError = regexp.MustCompile(`(?m)^error: .+\n[A-Z].*\n`)

// codesOf returns the exit codes with which a command may end.
func codesOf(commandValue string, all bool) []int {
	codes := []int{int(command.Unclear)}
	switch {
	case strings.HasPrefix(commandValue, "__complete"):
		return []int{int(command.Yes)}
	case strings.Contains(commandValue, "--timeout"):
		codes = append(codes, int(command.Expired))
	case all:
	case strings.HasPrefix(commandValue, "cert list"), strings.HasPrefix(commandValue, "snapshot save"), strings.HasPrefix(commandValue, "version"):
		codes = append(codes, int(command.Yes)) // the output lists the unreadable kinds
	case strings.HasPrefix(commandValue, "hosts "):
		codes = append(codes, int(command.No)) // it could write nothing about the tenants that other kinds reveal
	}
	return codes
}

func shown(text string) string { return strings.ToValidUTF8(text[:min(len(text), 1500)], "?") }

func filesIn(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}
