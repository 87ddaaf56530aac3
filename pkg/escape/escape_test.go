package escape

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"bhs-application":       "bhs-application",
		"":                      "",
		"zwei Wörter, 二":        "zwei Wörter, 二",
		"└─ Deployment/orthanc": "└─ Deployment/orthanc",
		"two  spaces ":          "two  spaces ",
		"a\x1b[31mb\x1b[0m":     "a^[[31mb^[[0m",
		"a\x7f\b\x00":           "a^?^H^@",
		"a\u009b31m":            `a\u009b31m`,
		"a\x9b31m":              `a\x9b31m`,
		"\xff":                  `\xff`,
		"a\u202eb\u2066\u200f":  `a\u202eb\u2066\u200f`,
		"a\u200bb\ufeff\u061c":  `a\u200bb\ufeff\u061c`,
		"a\U000e0041":           `a\U000e0041`,
		"a\ufe0f\u115f\ufdd0":   `a\ufe0f\u115f\ufdd0`,
		"a\nb\r\nc\rd\te":       "a b c d e",
		"a\u2028b\u2029c\u0085": "a b c ",
		"a\n::error::x":         `a \x3a:error::x`,
		"::error file=a::x":     `\x3a:error file=a::x`,
		"::group":               `\x3a:group`,
		"\u200b::error::x":      `\u200b\x3a:error::x`,
		"::1 is an address":     "::1 is an address",
		"std::string":           "std::string",
		"a ##[error]x":          `a \x23#[error]x`,
		"##vso[task.x]":         `\x23#vso[task.x]`,
		"## heading":            "## heading",
		"a\ufffdb":              "a\ufffdb",
	} {
		if got := Line(text); got != want {
			t.Errorf("Line(%q) is %q, not %q", text, got, want)
		}
	}
}

func TestSentenceAndLines(t *testing.T) {
	if got := Sentence(" a \n\n b\x1b "); got != "a b^[" {
		t.Errorf("Sentence gives %q", got)
	}
	if got := Lines("a\n::error::b\r\nc\n\n\td\te", "  "); got != "a\n  \\x3a:error::b\n  c\n\n  \td\te" {
		t.Errorf("Lines gives %q", got)
	}
}

type status string

func TestSprintf(t *testing.T) {
	got := Sprintf("%s\n%q %d %v %s %v %s %t", "a\nb", "c\n", 7, errors.New("d\x1b"), status("e\n"), netip.MustParseAddr("::ffff"), Composed("f\ng"), true)
	want := "a b\n\"c \" 7 d^[ e  ::ffff f\ng true"
	if got != want {
		t.Errorf("Sprintf gives %q, not %q", got, want)
	}
}

// TestWriter splits each text in two at every byte: the output must not depend on it.
func TestWriter(t *testing.T) {
	for text, want := range map[string]string{
		"plain\tand\nlines":    "plain\tand\nlines",
		"a\x1b[31mb\r":         "a^[[31mb^M",
		"ä\u009b\u202e└\x9b\n": "ä\\u009b\\u202e└\\x9b\n",
		"\U000e0041😀":          "\\U000e0041😀",
		"cut \xe2\x80":         `cut \xe2\x80`,
	} {
		for at := range len(text) + 1 {
			var out bytes.Buffer
			w := NewWriter(&out)
			for _, part := range []string{text[:at], text[at:]} {
				if n, err := w.Write([]byte(part)); err != nil || n != len(part) {
					t.Fatalf("writing %q: %d, %v", part, n, err)
				}
			}
			if err := w.Flush(); err != nil || out.String() != want {
				t.Errorf("%q cut at %d is %q (%v), not %q", text, at, out.String(), err, want)
			}
		}
	}
}

// TestStyled checks that the program's own colours pass a Writer, and that escape sequences in
// other text, including the marks of another run, do not.
func TestStyled(t *testing.T) {
	var out bytes.Buffer
	s := NewStyled(NewWriter(&out))
	fmt.Fprint(s, Red, "Failing", Reset, " \x1b[31m \xffABCDEFGHIJKLMNOPQRSTUVWXYZC\xfe ", "\u009b\n")
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "\x1b[31mFailing\x1b[0m ^[[31m \\xffABCDEFGHIJKLMNOPQRSTUVWXYZC\\xfe \\u009b\n"
	if out.String() != want {
		t.Errorf("%q is written, not %q", out.String(), want)
	}
	if line := Line(string(Red) + "x"); strings.Contains(line, string(Red)) {
		t.Errorf("a field keeps a mark: %q", line)
	}
	out.Reset()
	if err := s.Flush(); err != nil || out.Len() > 0 {
		t.Errorf("flushing nothing writes %q, %v", out.String(), err)
	}
}

var awkward = []string{
	"plain", "\x1b[31m", "\u009b31m", "\x7f", "\u202ea\u2066", "\u200b\ufeff", "\U000e0041\U000e0001", "a\n::error::b\n", "\u2028\u0085",
	"`'\"$(x)\\", "\uffff", "##[x] ##vso[y]", "'\u202e'", `\uffff{202E}`, "key: \u202e # no comment", "- \u200b", "ä二😀",
}

// TestMachineForms: what is written decodes to the same value and shows what is in it.
func TestMachineForms(t *testing.T) {
	value := map[string]any{"list": []any{}, "number": int64(7), "nested": map[string]any{}}
	for i, text := range awkward {
		value["list"] = append(value["list"].([]any), any(text))
		value["nested"].(map[string]any)[fmt.Sprint(text, i)] = text
	}
	plainJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	escaped := JSON(plainJSON)
	emitted, err := yaml.Marshal(YAMLValue(value))
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]func([]byte, any) error{"JSON": json.Unmarshal, "YAML": func(b []byte, v any) error { return yaml.Unmarshal(b, v) }}
	for name, text := range map[string][]byte{"JSON": escaped, "YAML": YAML(emitted)} {
		if at := cleanPrefix(text); at != len(text) {
			t.Errorf("%s has a hidden character at %d:\n%s", name, at, text)
		}
		var back map[string]any
		if err := read[name](text, &back); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		again, err := json.Marshal(back)
		if err != nil || !bytes.Equal(again, plainJSON) {
			t.Errorf("%s reads as\n%s\nnot\n%s\nfrom\n%s", name, again, plainJSON, text)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "::error") {
				t.Errorf("%s has the line %q", name, line)
			}
		}
	}
}

func TestXML(t *testing.T) {
	type document struct {
		Text string `xml:"text,attr"`
		Body string `xml:",chardata"`
	}
	const text = "a\u202eb\u009bc\U000e0041 <&>\n"
	body, err := xml.Marshal(document{text, text})
	if err != nil {
		t.Fatal(err)
	}
	body = XML(body)
	if at := cleanPrefix(body); at != len(body) {
		t.Errorf("a hidden character at %d of %q", at, body)
	}
	var back document
	if err := xml.Unmarshal(body, &back); err != nil || back.Text != text || back.Body != text {
		t.Errorf("%q reads as %+v, %v", body, back, err)
	}
}

// TestShellWord has sh read each word: it gets one argument, which is the text, its
// control characters shown, and runs nothing.
func TestShellWord(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range append(awkward, "a b", "it's", "$(echo x)", "`echo x`", "a;b", "a&b", "a|b>c<d", "*?[a]", "~root", "#a", "!x", "{a,b}", "=ls", "-") {
		out, err := exec.Command(sh, "-c", "printf '<%s>' "+ShellWord(text)).Output()
		want := "<" + Line(text) + ">"
		if strings.HasPrefix(text, "- ") {
			want = `<\x2d` + want[2:]
		}
		if err != nil || string(out) != want {
			t.Errorf("sh reads %s as %q (%v), not %q", ShellWord(text), out, err, want)
		}
	}
	for _, word := range []string{"bhs", "bhs-orthweb/orthanc", "a_b.c:1", "https://x.example/y@sha256:0a"} {
		if got := ShellWord(word); got != word {
			t.Errorf("%s is quoted: %s", word, got)
		}
	}
	if got := ShellWord("--kubeconfig=/x"); strings.HasPrefix(strings.Trim(got, "'"), "-") {
		t.Errorf("a word is a flag: %s", got)
	}
	if got, want := Command("kubectl get %s -n %s%s --tail=%d", "po d", "ns", Shell(" | wc"), 5), "kubectl get 'po d' -n ns | wc --tail=5"; got != want {
		t.Errorf("Command gives %s, not %s", got, want)
	}
}

func BenchmarkLine(b *testing.B) {
	for b.Loop() {
		Line("Deployment bhs-orthweb/orthanc: 0 of 1 pods are ready")
	}
}
