package main

import (
	"bytes"
	"os"
	"testing"
)

// TestUpToDate checks that docs/screen.svg matches the output of the program.
func TestUpToDate(t *testing.T) {
	for _, name := range []string{"CLICOLOR_FORCE", "COLUMNS", "NO_COLOR", "TERM"} {
		t.Setenv(name, os.Getenv(name)) // restores the value afterwards
	}
	var now bytes.Buffer
	if err := draw(&now); err != nil {
		t.Fatal(err)
	}
	drawn, err := os.ReadFile("../../docs/screen.svg")
	if err != nil || !bytes.Equal(drawn, now.Bytes()) {
		t.Errorf("docs/screen.svg is not what the program prints: draw it anew with 'make screen' (%v)", err)
	}
}
