package document_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/digihunch/kubectl-orthweb/internal/copies"
	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/render/document"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot"
)

func printed(t testing.TB, print func(io.Writer, report.Report) error, r report.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := print(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// reports are the reports that are compared with golden files.
func reports(t testing.TB) map[string]report.Report {
	return map[string]report.Report{
		"failing": samples.ReportOf(t, "failing"), "bootstrapping": samples.ReportOf(t, "bootstrapping"),
		"incomplete": samples.IncompleteReport(t), "clusters": samples.ReportOf(t, "healthy", "failing"),
	}
}

var styleElement = regexp.MustCompile(`(?s)<style>(.*)</style>`)

// policyHash is the hash of the style sheet, which the golden files omit with it.
var policyHash = regexp.MustCompile(`sha256-[^;]*?=`)

func TestHTML(t *testing.T) {
	for name, r := range reports(t) {
		page := printed(t, document.HTML, r)
		samples.Golden(t, name+".html", policyHash.ReplaceAllString(styleElement.ReplaceAllString(page, "<style></style>"), "HASH"))
		balanced(t, page)
	}
}

func TestMarkdown(t *testing.T) {
	for name, r := range reports(t) {
		samples.Golden(t, name+".md", printed(t, document.Markdown, r))
	}
}

// styleHash is the hash of the page's only style sheet, as a Content-Security-Policy has it.
func styleHash(t testing.TB, page string) string {
	t.Helper()
	found := styleElement.FindAllStringSubmatch(page, -1)
	if len(found) != 1 {
		t.Fatalf("the page has %d style sheets", len(found))
	}
	sum := sha256.Sum256([]byte(found[0][1]))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// TestPolicy checks that the policy allows the page's style and nothing else.
func TestPolicy(t *testing.T) {
	page := printed(t, document.HTML, samples.ReportOf(t, "failing"))
	if want := `content="default-src 'none'; style-src ` + styleHash(t, page) + `; base-uri 'none'; form-action 'none'"`; !strings.Contains(html.UnescapeString(page), want) {
		t.Errorf("the page does not have %s", want)
	}
	if found := regexp.MustCompile(`(?i)<script|<link|<img|<iframe|\sstyle=|\son[a-z]+=|javascript:|@import|url\(|https?://[^<"]*["(]`).FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
}

// void are the elements without an end tag (HTML, section 13.1.2); self-closing tags are SVG's.
var void = map[string]bool{"meta": true}

// balanced checks that each element is closed in the right order, that IDs are unique, and that
// links and references lead to one.
func balanced(t *testing.T, page string) {
	t.Helper()
	var open, references []string
	ids := map[string]bool{}
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		token := tokens.Token()
		switch kind {
		case html.StartTagToken:
			if !void[token.Data] {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> ends %v", token.Data, open)
			}
			open = open[:len(open)-1]
		}
		for _, a := range token.Attr {
			switch a.Key {
			case "id":
				if ids[a.Val] {
					t.Errorf("two elements have the ID %s", a.Val)
				}
				ids[a.Val] = true
			case "href":
				references = append(references, strings.TrimPrefix(a.Val, "#"))
			case "aria-labelledby":
				references = append(references, strings.Fields(a.Val)...)
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("%v is not closed", open)
	}
	for _, id := range references {
		if !ids[id] {
			t.Errorf("no element has the ID %s", id)
		}
	}
}

// TestManyTenants checks the size of a page about 100 tenants, all of which are failing.
func TestManyTenants(t *testing.T) {
	const limit = 2_000_000
	snap := copies.OfTenant(samples.Recorded(t, "failing"), 100)
	r := samples.Report(t, map[string]*snapshot.Snapshot{"failing": snap}, "failing")
	if r.Tenants() < 100 {
		t.Fatalf("the report has %d tenants", r.Tenants())
	}
	page := printed(t, document.HTML, r)
	t.Logf("%d tenants, %d causes: %d bytes", r.Tenants(), len(r.Clusters[0].Causes), len(page))
	if len(page) > limit {
		t.Errorf("the page has %d bytes, more than %d", len(page), limit)
	}
	balanced(t, page)
}
