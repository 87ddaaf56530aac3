package plugin

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// TestDocsNameExistingCommands checks that each command `kubectl orthweb …` in a sentence of
// the pages exists, with its flags. e2e runs blocks of commands.
func TestDocsNameExistingCommands(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile("`kubectl[ -]orthweb ([^`]+)`")
	seen := 0
	for _, page := range append(pages, "../../README.md", "../../CHANGELOG.md", "../../CONTRIBUTING.md", "../../SECURITY.md", "../../lab/README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range command.FindAllStringSubmatch(string(text), -1) {
			seen++
			if err := understood(strings.Fields(found[1])); err != nil {
				t.Errorf("%s: kubectl orthweb %s: %v", page, found[1], err)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d commands", seen)
	}
}

func understood(words []string) error {
	cmd, rest, err := NewRoot(genericiooptions.NewTestIOStreamsDiscard()).Find(words)
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if cmd.HasSubCommands() {
		return command.NoArguments(cmd, cmd.Flags().Args())
	}
	return nil
}
