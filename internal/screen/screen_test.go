package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	runPlugin()
	os.Exit(m.Run())
}

// TestUpToDate checks that the pictures match the output of the program.
func TestUpToDate(t *testing.T) {
	for _, name := range []string{"CLICOLOR_FORCE", "COLUMNS", "NO_COLOR", "TERM"} {
		t.Setenv(name, os.Getenv(name)) // restores the value afterwards
	}
	for _, picture := range []struct {
		path string
		draw func(io.Writer) error
	}{{"../../docs/screen.svg", draw}, {"../../docs/ui.svg", drawUI}} {
		if _, err := exec.LookPath("tmux"); err != nil && strings.HasSuffix(picture.path, "ui.svg") {
			t.Skip("tmux is not installed")
		}
		var now bytes.Buffer
		if err := picture.draw(&now); err != nil {
			t.Fatal(err)
		}
		drawn, err := os.ReadFile(picture.path)
		if err != nil || !bytes.Equal(drawn, now.Bytes()) {
			t.Errorf("%s is not what the program prints: draw it again with 'make screen' (%v)", picture.path, err)
		}
	}
}
