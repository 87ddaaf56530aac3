package variable

import (
	"strings"
	"testing"
)

// TestSubstitutionIsLimited checks expressions of postBuild that take too much memory or time, or
// make the library panic.
func TestSubstitutionIsLimited(t *testing.T) {
	long := strings.Repeat("a", 100_000)
	for name, text := range map[string]string{
		"a long result":      strings.Repeat("${long}", 1000),
		"a replacement":      "${long//a/${long}}",
		"no pattern":         "${long//${empty}/${long}}",
		"nested replacement": "${word//w/${word//w/${word//w/${word//w/${word//w/${long}}}}}}",
		"a slow pattern":     "${long##*" + strings.Repeat("*a", 1000) + "b}",
		"deep nesting":       strings.Repeat("${none:-", 1_000_000) + strings.Repeat("}", 1_000_000),
		"an overflow":        "${word:1:9223372036854775807}",
	} {
		v := &Set{Values: map[string]string{"long": long, "empty": "", "word": strings.Repeat("w", 300)}}
		if _, _, err := v.Substitute(map[string]any{"a": text}, unlimited); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	v := &Set{Values: map[string]string{"host": "web.bhs.orthweb.com"}}
	got, _, err := v.Substitute(map[string]any{"a": "${host%%.*} ${host//./-} ${none:=${host:0:3}}"}, unlimited)
	if err != nil || got["a"] != "web web-bhs-orthweb-com web" {
		t.Errorf("%v, %v", got, err)
	}
}

// unlimited permits all work.
func unlimited(int) error { return nil }
