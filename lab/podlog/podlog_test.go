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
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	current, previous := l.Files()
	if data, err := os.ReadFile(previous); err != nil || len(data) > 0 {
		t.Errorf("before a restart: %q %v", data, err)
	}
	data, err := os.ReadFile(current)
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`(?m)^\S+Z stderr `).ReplaceAllString(string(data), "")
	if want := "F ab\nF \nF c\nP " + strings.Repeat("x", maxPart) + "\nF x\nF rest\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := l.Next(true); err != nil {
		t.Fatal(err)
	}
	now, err := os.ReadFile(current)
	before, errBefore := os.ReadFile(previous)
	if err != nil || errBefore != nil || len(now) > 0 || string(before) != string(data) {
		t.Errorf("after a restart: %q %q %v %v", now, before, err, errBefore)
	}
}
