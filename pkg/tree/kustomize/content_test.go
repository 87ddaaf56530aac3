package kustomize

import (
	"reflect"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// TestContent compares values that are read from nodes with those that are written and read, and
// checks which are read directly.
func TestContent(t *testing.T) {
	for text, want := range map[string]bool{
		"a: b":                              true,
		"a: 'yes'\nb: \"1\"\nc: off\nd: ~x": true,
		"a: {b: [1, -2, true, null], c: {}}\nd: []\ne: false": true,
		"a: # comment\n  b: c # comment\n# comment":           true,
		"a: |\n  line\n   more\n  end\nb: |-\n  x":            true,
		"a: \"one\\nline\"":                                   true,
		"a: ''\nb: ' x '":                                     true,
		"a: 1.0":                                              false,
		"a: 1e3":                                              false,
		"a: 0x10":                                             false,
		"a: 017":                                              false,
		"a: +1":                                               false,
		"a: 99999999999999999999":                             false,
		"a: True":                                             false,
		"a: ~":                                                false,
		"a:":                                                  false,
		"a: 2026-01-02":                                       false,
		"a: !!str 1":                                          false,
		"a: !!binary aGVsbG8=":                                false,
		"a: é":                                                false,
		"a: >\n  folded\n  text":                              false,
		"a: |\n\n  line":                                      false,
		"a: |2\n   line":                                      false,
		"a: |+\n  line\n\n":                                   false,
		"a: \"x\\ty\"":                                        false,
		"a: \"x\\r\\ny\"":                                     false,
		"a: &x {b: c}\nd: *x":                                 false,
		"a: &x {b: c}\nd: {<<: *x}":                           false,
		"\"<<\": b":                                           false,
		"1: b":                                                false,
		"a: [b, # comment\n  c]":                              false,
	} {
		node := yaml.MustParse(text)
		got, ok := direct(node.YNode(), false)
		if ok != want {
			t.Errorf("%q is read directly: %t", text, ok)
		}
		if encoded, err := encoded(node); ok && (err != nil || !reflect.DeepEqual(got, any(encoded))) {
			t.Errorf("%q: %#v, but written and read %#v, %v", text, got, encoded, err)
		}
		content, err := Content(node)
		if written, failed := encoded(node); (err == nil) != (failed == nil) || err == nil && !reflect.DeepEqual(content, written) {
			t.Errorf("%q: %#v, %v, but written and read %#v, %v", text, content, err, written, failed)
		}
	}
}

// FuzzContent checks that what is read directly is what would be written and read.
func FuzzContent(f *testing.F) {
	for _, text := range []string{
		"a: {b: [1, -2, true, null], c: {}}\nd: []\ne: false", "a: |\n  line\n   more\n\n  end\nb: 'x\n\n  y'", "a: \"one \\n line\"\n? b\n: c",
		"# head\na: # line\n- b # line\n# foot\n\n- c:\n  # head\n  d: |\n    x\n# end", "a: !!str 1\nb: \"\\\\\"\n'c d': -0", "- a\n- b", "a: 'x: y'\nb: '- x'\nc: '#x'\nd: '!x'\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		node, err := yaml.Parse(text)
		if err != nil || node.IsNil() || node.YNode().Kind != yaml.MappingNode {
			return
		}
		got, ok := direct(node.YNode(), false)
		if !ok {
			return
		}
		written, err := encoded(node)
		if err != nil || !reflect.DeepEqual(got, any(written)) {
			t.Fatalf("%q: %#v, but written and read %#v, %v", text, got, written, err)
		}
	})
}
