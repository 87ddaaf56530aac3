package orthweb

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// within tells whether an import path is the parent or below it.
func within(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, strings.TrimSuffix(parent, "/")+"/")
}

func anyWithin(paths map[string]bool, parent string) bool {
	for path := range paths {
		if within(path, parent) {
			return true
		}
	}
	return false
}

func contains(homes []string, home string) bool {
	return slices.ContainsFunc(homes, func(allowed string) bool { return within(home, allowed) })
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
