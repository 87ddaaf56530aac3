package main

import (
	"bytes"
	"os"
	"testing"
)

// TestUpToDate: docs/screen.svg is what the program prints.
func TestUpToDate(t *testing.T) {
	for _, name := range []string{"CLICOLOR_FORCE", "COLUMNS", "NO_COLOR", "TERM"} {
		t.Setenv(name, os.Getenv(name)) // so that it is as before afterwards
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
