package cert

import (
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/certs/issue"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// destinationFlags define where a key and its certificates are written.
type destinationFlags struct {
	dir    string
	name   string
	stdout bool
	force  bool
	p12    command.PKCS12
}

func (d *destinationFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&d.dir, "output-dir", ".", "Directory for the files; it must exist")
	flags.StringVar(&d.name, "name", "", "Prefix of the file names; the tenant's name by default")
	flags.BoolVar(&d.stdout, "stdout", false, "Print the key and certificates as PEM instead of writing files")
	flags.BoolVar(&d.force, "force", false, "Replace existing files")
	d.p12.New = true
	d.p12.AddTo(flags)
}

func (d *destinationFlags) validate(flags *pflag.FlagSet) error {
	if d.stdout {
		for _, name := range []string{"output-dir", "name", "force", "p12", "output"} {
			if flags.Changed(name) {
				return advice.Add(fmt.Errorf("--%s and --stdout can't be used together", name), "Remove one of them.")
			}
		}
	}
	if flags.Changed("name") {
		if err := plainName(d.name); err != nil {
			return err
		}
	}
	if info, err := os.Stat(d.dir); err != nil {
		return advice.Add(fmt.Errorf("--output-dir: %w", err), "Create it first, or choose another directory.")
	} else if !info.IsDir() {
		return advice.Add(fmt.Errorf("--output-dir: %s is not a directory", d.dir), "Choose another.")
	}
	return d.p12.Validate(flags)
}

// of is the destination of a tenant's certificate.
func (d *destinationFlags) of(tenant string) issue.Destination {
	name := tenant
	if d.name != "" {
		name = d.name
	}
	return issue.Destination{Dir: d.dir, Name: name, Replace: d.force, PKCS12: d.p12.Wanted, Legacy: d.p12.Legacy}
}

// vacant rejects files that exist, before any work is done. Without a name the paths are not
// known yet.
func (d *destinationFlags) vacant(tenant string, key bool) error {
	to := d.of(tenant)
	if to.Name == "" || d.stdout {
		return nil
	}
	return command.WhenTaken(to.Vacant(key))
}

// plainName rejects a file name that contains a path.
func plainName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\") || name != strings.TrimSpace(name) ||
		!utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf("--name %q can't be the prefix of file names", name)
	}
	return nil
}
