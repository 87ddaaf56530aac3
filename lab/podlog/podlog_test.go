package podlog

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestLinesAreStored(t *testing.T) {
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := l.Writer()
	for _, text := range []string{"a", "b\n\nc\n", strings.Repeat("x", maxPart+1) + "\nrest"} {
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	first, previous := l.Files()
	if err := w.Close(); err != nil || previous != "" {
		t.Fatal(err, previous)
	}
	data, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`(?m)^\S+Z stderr `).ReplaceAllString(string(data), "")
	if want := "F ab\nF \nF c\nP " + strings.Repeat("x", maxPart) + "\nF x\nF rest\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := l.Next(); err != nil {
		t.Fatal(err)
	}
	if current, previous := l.Files(); previous != first || current == first {
		t.Errorf("after a restart: %s %s", current, previous)
	}
}
