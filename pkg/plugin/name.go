package plugin

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/completion"
)

// nameOf is the name to type to run the program with this argument vector again.
// kubectl runs a plugin by its whole path (k8s.io/kubectl v0.36.4,
// pkg/cmd/plugin.go: DefaultPluginHandler.Execute), a shell by what was typed.
func nameOf(argv []string) string {
	if len(argv) == 0 || argv[0] == "" || filepath.IsAbs(argv[0]) || command.CalledAs(argv) == completion.CompleterName {
		return command.UsualName
	}
	return escape.ShellWord(argv[0])
}

// renameExamples replaces the program's name in the examples of a command and its
// subcommands.
func renameExamples(cmd *cobra.Command, name string) {
	lines := strings.Split(cmd.Example, "\n")
	for i, line := range lines {
		typed := strings.TrimLeft(line, " ")
		if rest, ok := strings.CutPrefix(typed, command.UsualName+" "); ok {
			lines[i] = line[:len(line)-len(typed)] + name + " " + rest
		}
	}
	cmd.Example = strings.Join(lines, "\n")
	for _, sub := range cmd.Commands() {
		renameExamples(sub, name)
	}
}
