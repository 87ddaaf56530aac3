package validate

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/probe"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/part10"
	"github.com/digihunch/kubectl-orthweb/pkg/orthanc"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/check"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/endpoint"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/web"
)

// codes are the constants of check/codes.go, each with the files of this package and of those
// below it that use it, once for each use.
func codes(t *testing.T) (byName map[string]string, used map[string][]string) {
	t.Helper()
	const constants = "check/codes.go"
	byName, used = map[string]string{}, map[string][]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.ValueSpec:
				if filepath.ToSlash(path) == constants {
					code, err := strconv.Unquote(n.Values[0].(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					byName[n.Names[0].Name] = code
				}
			case *ast.Ident:
				if filepath.ToSlash(path) != constants {
					used[n.Name] = append(used[n.Name], filepath.ToSlash(path))
				}
			}
			return true
		})
		return nil
	})
	if err != nil || len(byName) == 0 {
		t.Fatalf("found %d codes: %v", len(byName), err)
	}
	return byName, used
}

// several are the codes that are used more than once.
var several = map[string]int{
	"CodeAnyClientAccepted": 2, // no certificate is requested, or a client without one is accepted
	"CodeNotOrthanc":        8, // at each request to the web
	"CodeStoreFailed":       3, // of the test study, and of files
	"CodeStoreWarning":      2, // the same as above
	"CodeStudyMissing":      2, // the same as above
	"CodeUnsendable":        2, // files that can't be sent, and none that can
	"CodeWebStatus":         2, // with a known error and without
	"CodeWebSignIn":         2, // and to distinguish it from a password prompt
	"CodeWebRedirect":       2, // and to look for Orthanc itself
	"CodeWebNotFound":       3, // the same as above
	"CodeServerName":        2, // and of a certificate that is presented without SNI
	"CodeServerNoNames":     2, // the same as above
}

// TestCodes requires each code to have one meaning, and to be used as often as expected.
func TestCodes(t *testing.T) {
	byName, used := codes(t)
	owner := map[string]string{}
	for name, code := range byName {
		if owner[code] != "" {
			t.Errorf("%s is both %s and %s", code, owner[code], name)
		}
		owner[code] = name
		if want := max(1, several[name]); len(used[name]) != want {
			t.Errorf("%s (%s) is used %d times, not %d", name, code, len(used[name]), want)
		}
	}
}

var (
	section = regexp.MustCompile(`(?ms)^## 9 .*?(^## |\z)`)
	entry   = regexp.MustCompile(`(?ms)^### (OW\d+)$(.*?)(^##|\z)`)
	form    = regexp.MustCompile(`(?s)^\n\n\*\*([A-Z0-9][^*\n]{3,59}[^*\n.])\*\*\n\n\*\*What it means\.\*\* [A-Z].*[.]\n\n\*\*Example\*\*\n\n((?:> .+\n)+)\n\*\*What to do\.\*\* [A-Z].*[.]\n`)
)

// findings are the entries of section 9 of docs/findings.md, in order.
func findings(t *testing.T) (codes []string, texts map[string]string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	texts = map[string]string{}
	rest := section.Find(text)
	for at := entry.FindSubmatchIndex(rest); at != nil; at = entry.FindSubmatchIndex(rest) {
		code := string(rest[at[2]:at[3]])
		codes = append(codes, code)
		texts[code] = string(rest[at[4]:at[5]])
		rest = rest[at[5]:]
	}
	return codes, texts
}

// TestCodesAreDocumented requires an entry in section 9 of docs/findings.md for each code and a
// code for each entry, with a title, its meaning, an example and what to do.
func TestCodesAreDocumented(t *testing.T) {
	documented, texts := findings(t)
	byName, _ := codes(t)
	var all []string
	for _, code := range byName {
		all = append(all, code)
	}
	titles := map[string]string{}
	for _, code := range documented {
		parts := form.FindStringSubmatch(texts[code])
		if parts == nil {
			t.Errorf("%s has no title, or lacks what it means, an example or what to do", code)
			continue
		}
		if other := titles[parts[1]]; other != "" {
			t.Errorf("%s has the title of %s", code, other)
		}
		titles[parts[1]] = code
	}
	if !slices.IsSorted(documented) {
		t.Errorf("not in order: %v", documented)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if !slices.Equal(all, documented) {
		t.Errorf("the codes are\n%v\nand documented are\n%v", all, documented)
	}
}

// TestExamplesArePrinted requires each example in section 9 of docs/findings.md to be a message
// that the code prints. The test of package files compares the examples of its own codes.
func TestExamplesArePrinted(t *testing.T) {
	documented, texts := findings(t)
	printed := map[string][]string{}
	for _, c := range slices.Concat(judgedExamples(t), runExamples(t)) {
		printed[string(c.Code)] = append(printed[string(c.Code)], c.Found)
	}
	byName, used := codes(t)
	var own []string
	for name, code := range byName {
		if slices.ContainsFunc(used[name], func(path string) bool { return !strings.HasPrefix(path, "files/") }) {
			own = append(own, code)
		}
	}
	for _, code := range documented {
		parts := form.FindStringSubmatch(texts[code])
		if parts == nil || !slices.Contains(own, code) {
			continue
		}
		example := strings.ReplaceAll(strings.TrimSpace(strings.TrimPrefix(parts[2], "> ")), "\n> ", " ")
		if !slices.Contains(printed[code], example) {
			t.Errorf("%s has the example\n%s\nand the code prints\n%s", code, example, strings.Join(printed[code], "\n"))
		}
	}
}

// judgedExamples are findings about observations, without a server.
func judgedExamples(t *testing.T) []check.Check {
	t.Helper()
	const host = "web.bhs.orthweb.com"
	webValue := check.Endpoint{Host: host, Port: 443}
	noDial := func(number syscall.Errno) check.Check {
		return endpoint.JudgeTCP(webValue, &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 7), Port: 443}, Err: os.NewSyscallError("connect", number)}, "bhs")
	}
	limits, err := configured(100, 0)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	archive := func(patients, studies, instances int64) census {
		return census{CountPatients: patients, CountStudies: studies, CountInstances: instances}
	}
	known := check.NewCredentials("bhs", web.DefaultUser, web.DefaultPassword)
	same, lossy := comparison{likeness: samePixels}, comparison{likeness: similarPixels, syntax: "1.2.840.10008.1.2.4.50", renamed: true}
	undecoded := comparison{likeness: notDecoded, syntax: "1.2.840.10008.1.2.4.80"}
	return slices.Concat([]check.Check{
		endpoint.JudgeName(host, nil, errors.New("no such host"), addresses("192.0.2.7"), false),
		endpoint.JudgeName(host, addresses("192.0.2.9"), nil, addresses("192.0.2.7"), false),
		noDial(syscall.ECONNREFUSED), noDial(syscall.ETIMEDOUT), noDial(syscall.EHOSTUNREACH),
		endpoint.JudgeTCP(webValue, errors.New("no address of the ingress is known"), "bhs"),
		endpoint.JudgeTLS(probe.Handshake{Version: tls.VersionTLS11, CipherSuite: tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}),
		endpoint.JudgeNoRequest(check.Endpoint{Known: true, Mutual: true}, "bhs", false), endpoint.JudgeNoRequest(check.Endpoint{Known: true}, "bhs", true),
		web.FailedRequest(explorerURL, context.DeadlineExceeded, "bhs"),
		(&validation{}).judgeDefaultPassword(replied(200, `{"Version":"1.12.4","DicomAet":"ORTHANC"}`), known),
		judgePixels(2, []comparison{lossy, lossy}, "two images"), judgePixels(2, []comparison{undecoded, undecoded}, "two images"),
		judgePixels(2, []comparison{{}, {}}, "two images"), judgePixels(2, []comparison{same, {}}, "two images"),
		judgeUnchanged(archive(20, 22, 221), archive(17, 19, 161), 0),
		(&validation{}).warnEviction(limits.Evicts(orthanc.Contents{Patients: 99}, orthanc.Contents{Patients: 1}), ""),
	}, certificateExamples(t, host), handshakeExamples(), pageExamples(), associationExamples())
}

// explorerURL is the page in the examples.
const explorerURL = "https://web.bhs.orthweb.com/app/explorer.html"

// certificateExamples are findings about the server's certificate, one for each fault.
func certificateExamples(t *testing.T, host string) (all []check.Check) {
	t.Helper()
	now := time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)
	valid := func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.AddDate(0, -3, 0), now.AddDate(0, 3, 0) }
	until := func(end time.Time) func(*x509.Certificate) {
		return func(c *x509.Certificate) { valid(c); c.NotAfter = end }
	}
	isCA := func(c *x509.Certificate) {
		valid(c)
		c.IsCA, c.KeyUsage, c.ExtKeyUsage, c.DNSNames, c.IPAddresses = true, x509.KeyUsageCertSign, nil, nil, nil
	}
	root := peers.Issue(t, nil, "int-ca", valid)
	below := peers.Issue(t, root, "below", isCA)
	other, namesake := peers.Issue(t, nil, "mhr-ca", valid), peers.Issue(t, nil, "int-ca", valid)
	judge := func(trusted *peers.Issuer, leaf *peers.Issuer, above ...*x509.Certificate) {
		s := check.Subject{Tenant: "bhs", CAs: []*x509.Certificate{trusted.Certificate}, Others: []check.Subject{{Tenant: "mhr", CAs: []*x509.Certificate{other.Certificate}}}}
		all = append(all, endpoint.JudgeCertificate(append([]*x509.Certificate{leaf.Certificate}, above...), host, s, now))
	}
	judge(root, peers.Issue(t, other, host, valid))
	judge(root, peers.Issue(t, root, "web.mhr.orthweb.com", func(c *x509.Certificate) { valid(c); c.IPAddresses = nil }))
	judge(root, peers.Issue(t, root, host, until(time.Date(2025, 12, 30, 9, 0, 0, 0, time.UTC))))
	judge(root, peers.Issue(t, root, host, until(now.Add(47*time.Hour))))
	judge(root, peers.Issue(t, root, host, func(c *x509.Certificate) { valid(c); c.DNSNames, c.IPAddresses = nil, nil }))
	judge(root, peers.Issue(t, root, host, func(c *x509.Certificate) { valid(c); c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))
	judge(root, peers.Issue(t, below, host, valid))
	expired := peers.Issue(t, root, "below", func(c *x509.Certificate) { isCA(c); c.NotAfter = now.AddDate(0, 0, -3) })
	judge(root, peers.Issue(t, expired, host, valid), expired.Certificate)
	lowest := peers.Issue(t, nil, "int-ca", func(c *x509.Certificate) { valid(c); c.MaxPathLenZero = true })
	between := peers.Issue(t, lowest, "below", isCA)
	judge(lowest, peers.Issue(t, between, host, valid), between.Certificate)
	leaf := peers.Issue(t, root, "below", func(c *x509.Certificate) { valid(c); c.KeyUsage = 0 })
	judge(root, peers.Issue(t, leaf, host, valid), leaf.Certificate)
	limited := peers.Issue(t, root, "below", func(c *x509.Certificate) { isCA(c); c.PermittedDNSDomains = []string{"mhr.orthweb.com"} })
	judge(root, peers.Issue(t, limited, host, valid), limited.Certificate)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	judge(root, peers.IssueFor(t, short, root, host, valid))
	judge(peers.Issue(t, nil, "int-ca", until(now.AddDate(0, 0, -3))), peers.Issue(t, root, host, valid))
	ended := peers.Issue(t, nil, "int-ca", until(now.AddDate(0, 0, -3)))
	judge(ended, peers.Issue(t, ended, host, valid))
	judge(root, peers.Issue(t, namesake, host, valid))
	unread := check.Subject{Tenant: "bhs", CAUnread: "forbidden: cannot get secrets in namespace \"bhs-orthweb\""}
	all = append(all, endpoint.JudgeCertificate([]*x509.Certificate{peers.Issue(t, root, host, valid).Certificate}, host, unread, now))
	unnamed := peers.Issue(t, root, "web.mhr.orthweb.com", func(c *x509.Certificate) { valid(c); c.IPAddresses = nil })
	known := check.Subject{Tenant: "bhs", CAs: []*x509.Certificate{root.Certificate}}
	return append(all, endpoint.JudgeUnnamed([]*x509.Certificate{unnamed.Certificate}, check.Endpoint{Host: "dicom.bhs.orthweb.com"}, known, now, check.Check{}))
}

// handshakeExamples are findings about failed handshakes, and about devices.
func handshakeExamples() []check.Check {
	dicom := check.Endpoint{Host: "dicom.bhs.orthweb.com", Port: 11112}
	failed := func(seen endpoint.FailedHandshake) check.Check {
		return endpoint.JudgeFailedHandshake(fmt.Errorf("TLS with 192.0.2.7:11112: %w", io.EOF), seen, dicom, "bhs")
	}
	accepted := func(version, suite uint16) endpoint.HelloResult {
		return endpoint.HelloResult{Reply: probe.Reply{Kind: probe.Accepted, Version: version, CipherSuite: suite}}
	}
	closed := endpoint.HelloResult{Reply: probe.Reply{Kind: probe.Closed}}
	in, no := accepted(endpoint.Tls13, 0x1301), endpoint.HelloResult{Reply: probe.Reply{Kind: probe.Alerted, Alert: 40}}
	devices := func(came ...endpoint.HelloResult) check.Check { return endpoint.JudgeDevices(in, came, dicom, "bhs") }
	return []check.Check{
		failed(endpoint.FailedHandshake{Anything: closed, Proxied: closed}), failed(endpoint.FailedHandshake{Anything: accepted(endpoint.Tls12, 0x002F)}),
		failed(endpoint.FailedHandshake{Anything: closed, Clear: "it was accepted"}), failed(endpoint.FailedHandshake{Anything: closed, Proxied: in}),
		devices(closed, closed, closed, closed), devices(in, no, no, no), devices(in, in, no, no),
	}
}

// replied is an answer of Orthanc's web: header lines are "Name: value".
func replied(status int, body string, header ...string) web.Reply {
	r := web.Reply{URL: explorerURL, Status: status, Body: []byte(body), Header: http.Header{}}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// pageExamples are findings about answers of Orthanc's web.
func pageExamples() (all []check.Check) {
	password := check.NewCredentials("bhs", "admin", secret)
	for _, r := range []web.Reply{
		replied(503, "no healthy upstream"), replied(401, "", `WWW-Authenticate: Basic realm="Orthanc Secure Area"`), replied(401, "", "WWW-Authenticate: Bearer"),
		replied(403, "RBAC: access denied"), replied(429, "local_rate_limited", "Retry-After: 30"), replied(302, "", "Location: https://sso.example.com/login?state=a"),
		replied(404, "", "Server: istio-envoy"), replied(502, "<html>nginx</html>"), replied(426, ""),
	} {
		all = append(all, web.JudgePage(r, "bhs", password), web.JudgePage(r, "bhs", check.Credentials{}))
	}
	return all
}

// associationExamples are findings about a peer that does not accept the association, or a part
// of it.
func associationExamples() []check.Check {
	failed := func(err error) check.Check {
		err = fmt.Errorf("requesting an association: %w", err)
		return judgeAssociation(nil, dicom.Peer{}, err, check.Options{Calling: "ORTHWEB", Called: "ORTHANC"}, "bhs", "")
	}
	var refused []dicom.Result
	for _, p := range dicom.Propose(part10.Meta{SOPClass: part10.SecondaryCaptureStorage, TransferSyntax: part10.ExplicitVRLittleEndian}) {
		r := dicom.Result{Proposal: p, TransferSyntax: p.TransferSyntaxes[0]}
		if p.AbstractSyntax == part10.Verification {
			r.Result = dicom.AbstractSyntaxNotSupported
		}
		refused = append(refused, r)
	}
	return []check.Check{
		failed(&dicom.RejectError{Result: 1, Source: 1, Reason: 7}), failed(&dicom.AbortError{Source: 2}),
		failed(&dicom.ClosedError{Err: io.EOF}), failed(&dicom.RejectError{Result: 2, Source: 3, Reason: 2}),
		judgeAssociation(refused, dicom.Peer{}, nil, check.Options{}, "bhs", ""),
	}
}

// runExamples are findings of whole validations, each of a tenant with one fault.
func runExamples(t *testing.T) (all []check.Check) {
	t.Helper()
	foreign := peers.Issue(t, nil, "mhr-ca", nil)
	requirement := func(s *setup, pool *x509.CertPool) {
		s.secure(&s.dicom, tls.RequireAndVerifyClientCert)
		s.dicom.config.ClientCAs = pool
	}
	for _, change := range []func(bhs, mhr *setup){
		func(bhs, _ *setup) { requirement(bhs, foreign.Pool()) },
		func(bhs, _ *setup) {
			both := bhs.authority.Pool()
			both.AddCert(foreign.Certificate)
			requirement(bhs, both)
			bhs.subject.OtherClients = []check.OtherClient{{Tenant: "mhr", Certificate: client(t, foreign, "dcmclient")}}
		},
		func(bhs, _ *setup) { bhs.archive.open = true },
		func(bhs, _ *setup) { bhs.peer.echo = 0x0124 },
		func(bhs, _ *setup) { bhs.peer.store = func(n int) uint16 { return uint16(n-1) * 0xA700 } },
		func(bhs, _ *setup) { bhs.peer.store = func(int) uint16 { return 0xB000 } },
		func(bhs, mhr *setup) { bhs.archive.into = mhr.archive },
		func(bhs, _ *setup) {
			bhs.archive.instead = func(w http.ResponseWriter, r *http.Request) bool {
				refused := r.Method == http.MethodDelete
				if refused {
					w.WriteHeader(http.StatusForbidden)
				}
				return refused
			}
		},
	} {
		bhs, mhr := newTenant(t, "bhs"), newTenant(t, "mhr")
		change(bhs, mhr)
		bhs.subject.Others = []check.Subject{mhr.start(t)}
		all = append(all, bhs.run(t)...)
	}
	broken := newTenant(t, "bhs")
	broken.archive.counts, broken.options.Now = "{}", time.Now
	v := &validation{options: broken.options, subject: broken.start(t), before: &census{}, sentFiles: true}
	v.web, v.login = web.New(v.options, v.subject), v.subject.Login
	defer v.web.Close()
	return append(all, v.checkUnchanged(t.Context()))
}
