package completion

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// completer is the program that kubectl calls, and the name of its file. It finds the
// plugin on the PATH, so that it works after an upgrade or a move, and it prints
// nothing when the plugin was removed.
func completer(goos string) (name, content string) {
	if goos == "windows" {
		return CompleterName + ".cmd", "@" + programName + " " + cobra.ShellCompRequestCmd + " %* 2>NUL\r\n"
	}
	return CompleterName, "#!/bin/sh\n" +
		"# kubectl calls this program to complete `kubectl orthweb`.\n" +
		"exec " + programName + " " + cobra.ShellCompRequestCmd + " \"$@\" 2>/dev/null\n"
}

func newCompletionInstall() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Install the completion program for kubectl",
		Args:  command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				program, err := exec.LookPath(programName)
				if err != nil {
					return advice.Add(fmt.Errorf("%s is not on your PATH: %w", programName, err), "Specify a directory on your PATH with --dir.")
				}
				dir = filepath.Dir(program)
			}
			path, err := installCompleter(dir)
			if err != nil {
				return err
			}
			escape.Fprintf(cmd.OutOrStdout(), "%s completes 'kubectl orthweb'.\n", path)
			if found, err := exec.LookPath(CompleterName); err != nil || !samePath(found, path) {
				return advice.Add(fmt.Errorf("kubectl will not find %s: %s is not the first directory on your PATH with this program", path, dir), "Add the directory to your PATH, or choose another with --dir.")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "Directory to write to, which must be on your PATH; the plugin's by default")
	return cmd
}

// installCompleter writes the completer to a directory, unless it exists. It replaces
// no other file of this name, which may be the package manager's.
func installCompleter(dir string) (string, error) {
	name, content := completer(runtime.GOOS)
	path := filepath.Join(dir, name)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if errors.Is(err, fs.ErrExist) {
		if samePath(path, filepath.Join(dir, programName)) {
			return path, nil // a package's link to the plugin, which recognizes the name
		}
		if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, []byte(content)) {
			return path, nil
		}
		return path, advice.Add(fmt.Errorf("%s already exists, with content that this version does not write", path), "Remove it first if you created it, or keep it if it belongs to a package.")
	}
	if err != nil {
		return path, advice.Add(fmt.Errorf("writing the completion program: %w", err), "Specify a directory on your PATH that you can write to with --dir.")
	}
	_, err = file.WriteString(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return path, errors.Join(fmt.Errorf("writing the completion program: %w", err), os.Remove(path))
	}
	return path, nil
}

// samePath reports whether two names are of one file.
func samePath(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
