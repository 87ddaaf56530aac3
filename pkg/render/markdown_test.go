package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/samples"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
)

func TestEscape(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "Deployment bhs-orthweb/orthanc is not ready (1/3)", "Deployment bhs-orthweb/orthanc is not ready (1/3)"},
		{"a table's bar", "a | b", `a \| b`},
		{"HTML and an entity", "<script> &lt;", "&lt;script> &amp;lt;"},
		{"emphasis", "*a* _b_ ~~c~~", `\*a\* \_b\_ \~\~c\~\~`},
		{"code", "`rm`", "\\`rm\\`"},
		{"a link and an image", "![x](y)", `!\[x](y)`},
		{"a backslash before a special", `\*`, `\\\*`},
		{"mathematics", "$x$", `\$x\$`},
		{"a heading", "# big", `\# big`},
		{"a list", "- item", `\- item`},
		{"a numbered list", "12. item", `12\. item`},
		{"a number", "12 pods", "12 pods"},
		{"lines", "a\n# b", "a # b"},
	} {
		if got := MarkdownText(c.text); got != c.want {
			t.Errorf("%s: MarkdownText(%q) = %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestCode(t *testing.T) {
	for text, want := range map[string]string{
		"kubectl get pods": "`kubectl get pods`",
		"a`b":              "`` a`b ``",
		"``":               "``` `` ```",
		"a\nb":             "`a b`",
	} {
		if got := code(text); got != want {
			t.Errorf("code(%q) = %q, want %q", text, got, want)
		}
	}
}

// TestMarkdownTableColumns counts the bars of each row.
func TestMarkdownTableColumns(t *testing.T) {
	var out bytes.Buffer
	if err := Markdown(&out, samples.Explanation(hostile, "bhs")); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		rows++
		if bars := strings.Count(line, "|") - strings.Count(line, `\|`); bars != 4 {
			t.Errorf("%d bars in %q", bars, line)
		}
	}
	if rows != 4 { // Heading, rule, two facts
		t.Errorf("%d rows:\n%s", rows, &out)
	}
}

func TestMarkdownOfNothing(t *testing.T) {
	var out bytes.Buffer
	if err := Markdown(&out, diagnose.Explanation{}); err != nil {
		t.Fatal(err)
	}
	if out.String() != "All tenants are ready.\n" {
		t.Errorf("%q", &out)
	}
}
