package plugin

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

const pagesDir = "../../docs/commands"

// TestCommandPages compares docs/commands with the help texts: one page for each command, and
// README.md with the common parts. With -update it rewrites them.
func TestCommandPages(t *testing.T) {
	t.Setenv("HOME", "~") // some defaults are paths below it
	t.Setenv("KUBECACHEDIR", "")
	root := NewRoot(genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: &bytes.Buffer{}, ErrOut: &bytes.Buffer{}})
	pages := map[string]string{}
	var index strings.Builder
	addPages(root, pages, &index)
	pages["README.md"] = "# Commands\n\n" + generatedNote + "\n" + index.String() +
		"\n## Flags of every command\n\n" + flagTable(root.PersistentFlags())
	if *update {
		writePages(t, pages)
	}
	comparePages(t, pages)
}

const generatedNote = "<!-- Written by `make docs` from the help texts. -->\n"

// addPages adds the pages of a command's subcommands, and a line for each to the index.
func addPages(cmd *cobra.Command, pages map[string]string, index *strings.Builder) {
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() || sub.Name() == "options" {
			continue
		}
		_, words, _ := strings.Cut(sub.CommandPath(), "orthweb ")
		name := strings.ReplaceAll(words, " ", "-") + ".md"
		pages[name] = page(sub)
		fmt.Fprintf(index, "- [%s](%s): %s\n", words, name, sub.Short)
		addPages(sub, pages, index)
	}
}

func page(cmd *cobra.Command) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# %s\n\n%s\n%s.\n\n```\n%s\n```\n", cmd.CommandPath(), generatedNote, cmd.Short, cmd.UseLine())
	if cmd.Long != "" {
		fmt.Fprintf(&out, "\n%s\n", strings.ReplaceAll(strings.TrimSpace(cmd.Long), "\n ", "\n"))
	}
	if cmd.Example != "" {
		fmt.Fprintf(&out, "\n## Examples\n\n```sh\n%s\n```\n", unindent(cmd.Example))
	}
	if table := flagTable(cmd.LocalNonPersistentFlags()); table != "" {
		fmt.Fprintf(&out, "\n## Flags\n\n%s", table)
	}
	out.WriteString("\n[The flags of every command](README.md#flags-of-every-command)\n")
	return out.String()
}

func unindent(example string) string {
	lines := strings.Split(strings.TrimSpace(example), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}

// flagTable has a row for each flag, by name.
func flagTable(flags *pflag.FlagSet) string {
	var out strings.Builder
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden || flag.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(flag)
		name := "`--" + flag.Name
		if flag.Shorthand != "" {
			name = "`-" + flag.Shorthand + "`, " + name
		}
		if kind != "" {
			name += "=" + strings.ToUpper(kind)
		}
		if usage != "" && !slices.Contains([]string{"", "[]", "false", "0"}, flag.DefValue) {
			usage += " (default `" + flag.DefValue + "`)"
		}
		fmt.Fprintf(&out, "| %s` | %s |\n", name, strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(usage))
	})
	if out.Len() == 0 {
		return ""
	}
	return "| flag | what it does |\n|---|---|\n" + out.String()
}

func writePages(t *testing.T, pages map[string]string) {
	t.Helper()
	if err := os.RemoveAll(pagesDir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(pagesDir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range pages {
		if err := os.WriteFile(filepath.Join(pagesDir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func comparePages(t *testing.T, pages map[string]string) {
	t.Helper()
	var there []string
	entries, err := os.ReadDir(pagesDir)
	if err != nil {
		t.Fatalf("%v: write the pages with 'make docs'", err)
	}
	for _, entry := range entries {
		there = append(there, entry.Name())
	}
	if want := slices.Sorted(maps.Keys(pages)); !slices.Equal(there, want) {
		t.Errorf("docs/commands has %q, the commands are %q: write the pages with 'make docs'", there, want)
	}
	for name, want := range pages {
		if got, err := os.ReadFile(filepath.Join(pagesDir, name)); err != nil || string(got) != want {
			t.Errorf("docs/commands/%s is not what the help text says: write it with 'make docs' (%v)", name, err)
		}
	}
}
