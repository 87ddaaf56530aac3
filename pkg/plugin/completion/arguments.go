package completion

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// words returns the completions of a word, each with an optional description after a
// tab. Those that can't be read in time are omitted: completion has no way to report it.
type words = func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective)

// AddTo adds completions to each command of the tree. It derives them from the
// help text, so that the two never differ: from the names of the arguments in the usage
// line, and from the lists of a flag's values.
func AddTo(cmd *cobra.Command, call *command.Call) {
	if cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = argumentWords(call, cmd.Use)
	}
	add := func(flag *pflag.Flag) {
		if complete := flagWords(call, flag); complete != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag.Name, complete) // fails for one that has its own
		}
	}
	cmd.PersistentFlags().VisitAll(add)
	cmd.LocalNonPersistentFlags().VisitAll(add)
	for _, sub := range cmd.Commands() {
		AddTo(sub, call)
	}
}

// argumentWords reads a usage line: "status [TENANT...]", "verify FILE".
func argumentWords(f *command.Call, use string) words {
	_, operands, _ := strings.Cut(use, " ")
	many := strings.Contains(operands, "TENANT...") || strings.HasSuffix(operands, "]...")
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var found []cobra.Completion
		if strings.Contains(operands, "TENANT") && (many || len(args) == 0) {
			found = tenantWords(f, cmd)
		}
		if strings.Contains(operands, "KIND/NAME") {
			found = append(found, objectWords(f, cmd)...)
		}
		found = slices.DeleteFunc(found, func(word cobra.Completion) bool {
			name, _, _ := strings.Cut(word, "\t")
			return slices.Contains(args, name)
		})
		if strings.Contains(operands, "FILE") && (len(args) > 0 || !strings.Contains(operands, "TENANT")) {
			return found, cobra.ShellCompDirectiveDefault
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// Listed is the list of values in a flag's usage.
var Listed = regexp.MustCompile(`one of: (.+)$`)

// flagWords is nil for a flag whose value is a file or unknown.
func flagWords(f *command.Call, flag *pflag.Flag) words {
	switch flag.Name {
	case "context", "cluster", "user":
		return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return kubeconfigWords(f, flag.Name), cobra.ShellCompDirectiveNoFileComp
		}
	case "contexts":
		return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return lastOfList(typed, kubeconfigWords(f, "context")), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
	case "namespace":
		return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return namespaceWords(f, cmd), cobra.ShellCompDirectiveNoFileComp
		}
	case "tenant":
		return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return tenantWords(f, cmd), cobra.ShellCompDirectiveNoFileComp
		}
	case "from":
		return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return recording.Examples(), cobra.ShellCompDirectiveDefault
		}
	}
	if match := Listed.FindStringSubmatch(flag.Usage); match != nil {
		return cobra.FixedCompletions(ValueWords(match[1]))
	}
	if !strings.HasPrefix(flag.Value.Type(), "string") {
		return cobra.NoFileCompletions // a number, a duration
	}
	return nil
}

// ValueWords splits "json, yaml, jsonpath=…". After an incomplete word the shell adds
// no space.
func ValueWords(list string) ([]cobra.Completion, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp
	values := strings.Split(list, ", ")
	for i, value := range values {
		if start, open := strings.CutSuffix(value, "…"); open {
			values[i] = start
			directive |= cobra.ShellCompDirectiveNoSpace
		}
	}
	return values, directive
}

// lastOfList completes the last entry of a list with commas. An entry occurs once.
func lastOfList(typed string, found []cobra.Completion) []cobra.Completion {
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	entries := strings.Split(before, ",")
	var words []cobra.Completion
	for _, word := range found {
		if !slices.Contains(entries, word) {
			words = append(words, before+word)
		}
	}
	return words
}
