package plugin

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

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// completer is the program that kubectl calls, and its file's name. It looks for
// the plugin on the PATH, so that an upgrade or a move leaves it good, and keeps
// still when the plugin is gone.
func completer(goos string) (name, content string) {
	if goos == "windows" {
		return completerName + ".cmd", "@" + programName + " " + cobra.ShellCompRequestCmd + " %* 2>NUL\r\n"
	}
	return completerName, "#!/bin/sh\n" +
		"# kubectl calls this to complete the words of `kubectl orthweb`.\n" +
		"exec " + programName + " " + cobra.ShellCompRequestCmd + " \"$@\" 2>/dev/null\n"
}

func newCompletionInstall() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Put the program that kubectl asks for completions on the PATH",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" {
				program, err := exec.LookPath(programName)
				if err != nil {
					return withHint(fmt.Errorf("%s is not on your PATH: %w", programName, err), "Say where to write with --dir: a directory that is on your PATH.")
				}
				dir = filepath.Dir(program)
			}
			path, err := installCompleter(dir)
			if err != nil {
				return err
			}
			escape.Fprintf(cmd.OutOrStdout(), "%s completes the words of 'kubectl orthweb'.\n", path)
			if found, err := exec.LookPath(completerName); err != nil || !samePath(found, path) {
				return withHint(fmt.Errorf("kubectl will not find %s: %s is not the first place on your PATH with one", path, dir), "Add the directory to your PATH, or choose another with --dir.")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "The directory to write to, one of your PATH; by default where the plugin is")
	return cmd
}

// installCompleter writes the completer into a directory, unless it is there. It
// replaces nothing: what has the name and is something else may be the package
// manager's.
func installCompleter(dir string) (string, error) {
	name, content := completer(runtime.GOOS)
	path := filepath.Join(dir, name)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if errors.Is(err, fs.ErrExist) {
		if samePath(path, filepath.Join(dir, programName)) {
			return path, nil // a package's link to the plugin, which knows the name
		}
		if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, []byte(content)) {
			return path, nil
		}
		return path, withHint(fmt.Errorf("%s exists already and is not what this version writes", path), "Remove it first if you made it, or leave it if a package did.")
	}
	if err != nil {
		return path, withHint(fmt.Errorf("writing the completion program: %w", err), "Choose a directory of your PATH that you may write to, with --dir.")
	}
	_, err = file.WriteString(content)
	if err = errors.Join(err, file.Close()); err != nil {
		return path, errors.Join(fmt.Errorf("writing the completion program: %w", err), os.Remove(path))
	}
	return path, nil
}

// samePath tells whether two names are of one file.
func samePath(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
